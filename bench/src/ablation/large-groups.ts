/** What large groups save: one topic for all, instead of rows for each member. */
import type { UserId } from "@parley/protocol";
import { seededUnit } from "../seeded-unit.js";
import { type Counted, type Idea, type ParleyOptions, type World, counted } from "./ablation.js";

export interface LargeGroupsPlan {
  readonly members: number;
  readonly messages: number;
  readonly seed: number;
}

/** Of the members of the large group, how many write. */
const WRITERS = 50;
const SENDS_AT_A_TIME = 100;
const TOPICS: ParleyOptions = {};
const NO_TOPICS: ParleyOptions = { sharedFromMembers: 0 };
/** The mix of a company: each group, and how many messages it gets of a hundred. In the mean a message is for 30 people. */
const MIX = [
  { members: 2, share: 60 },
  { members: 12, share: 26 },
  { members: 60, share: 9 },
  { members: 180, share: 4 },
  { members: 1_300, share: 1 },
] as const;
const MIX_MESSAGES = 1_000;

export async function largeGroupIdeas(
  plan: LargeGroupsPlan,
  say: (line: string) => void,
): Promise<readonly Idea[]> {
  const { members, messages } = plan;
  say(`a group of ${members}, ${messages} messages, with and without a topic`);
  const work = (world: World): Promise<() => Promise<void>> => oneGroup(world, plan);
  const on = await counted(TOPICS, work);
  const off = await counted(NO_TOPICS, work);
  const what = `${messages} messages in a group of ${members}`;
  say(`a mix of groups, ${MIX_MESSAGES} messages`);
  const mix = (world: World): Promise<() => Promise<void>> => mixedGroups(world, plan.seed);
  return [
    { name: "large_group_lazy", work: what, on, off },
    { name: "read_diffusion", work: what, on, off, more: copiesOf(plan, on, off) },
    {
      name: "hybrid",
      work: `${MIX_MESSAGES} messages, in groups of ${MIX.map((each) => each.members).join(", ")}`,
      on: await counted(TOPICS, mix),
      off: await counted(NO_TOPICS, mix),
    },
  ];
}

/** How often a message is stored: the message itself, and what catches up from. */
function copiesOf(
  { messages }: LargeGroupsPlan,
  on: Counted,
  off: Counted,
): Readonly<Record<string, number>> {
  const perMessage = ({ rowsOf }: Counted, table: string): number => (rowsOf[table] ?? 0) / messages;
  return {
    copies_per_message_on: perMessage(on, "conversation-message"),
    topic_rows_per_message_on: perMessage(on, "conversation-event"),
    queue_rows_per_message_on: perMessage(on, "sync-queue"),
    copies_per_message_off: perMessage(off, "conversation-message"),
    queue_rows_per_message_off: perMessage(off, "sync-queue"),
  };
}

async function oneGroup(world: World, { members, messages, seed }: LargeGroupsPlan) {
  const userIds = usersOf("m", members);
  await world.addUsers(userIds);
  const conversationId = await world.group(userIds);
  const random = seededUnit(seed);
  const texts = Array.from({ length: messages }, () => textOf(random));
  return async (): Promise<void> => {
    for (let start = 0; start < messages; start += SENDS_AT_A_TIME) {
      const batch = texts.slice(start, start + SENDS_AT_A_TIME);
      await Promise.all(
        batch.map((text, index) => world.send(userIds[(start + index) % WRITERS]!, conversationId, text)),
      );
    }
  };
}

async function mixedGroups(world: World, seed: number) {
  const random = seededUnit(seed);
  const open = async ({ members, share }: (typeof MIX)[number]) => {
    const userIds = usersOf(`g${members}u`, members);
    await world.addUsers(userIds);
    return { userIds, share, conversationId: await world.group(userIds) };
  };
  const groups = await Promise.all(MIX.map(open));
  return async (): Promise<void> => {
    for (const { userIds, share, conversationId } of groups) {
      for (let count = 0; count < (share * MIX_MESSAGES) / 100; count++) {
        const writer = userIds[Math.floor(random() * Math.min(userIds.length, WRITERS))]!;
        await world.send(writer, conversationId, textOf(random));
      }
    }
  };
}

function usersOf(prefix: string, count: number): readonly UserId[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}` as UserId);
}

/** As long as what people write. */
function textOf(random: () => number): string {
  return "x".repeat(10 + Math.floor(random() * random() * 300));
}
