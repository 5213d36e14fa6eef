/**
 * What merging saves: reactions and read counts that are told together after a window, instead of each by itself, and reading
 * that a device sends as one place, instead of message by message.
 */
import type { ConversationId, UserId } from "@parley/protocol";
import { seededUnit } from "../seeded-unit.js";
import { type Counted, type Idea, type ParleyOptions, type World, counted } from "./ablation.js";

/** Members of the group, each of whom reacts once, or reads everything. */
const MEMBERS = 1_000;
const MESSAGES_READ = 32;
const AT_A_TIME = 100;
const KEYS = ["👍", "❤️", "😂", "🎉", "ok"] as const;
const MERGED: ParleyOptions = {};
const NOT_MERGED: ParleyOptions = { spreadMsMax: 0 };
/** What is told goes into the queue of each member: merging alone, without what a topic saves. */
const NO_TOPICS: ParleyOptions = { sharedFromMembers: 0 };

export async function mergingIdeas(seed: number, say: (line: string) => void): Promise<readonly Idea[]> {
  say(`${MEMBERS} reactions in a group of ${MEMBERS}, merged and not, with and without a topic`);
  const reacting = (world: World): Promise<() => Promise<void>> => burstOfReactions(world, seed);
  const on = await counted({ ...MERGED, ...NO_TOPICS }, reacting);
  const off = await counted({ ...NOT_MERGED, ...NO_TOPICS }, reacting);
  const topicOn = await counted(MERGED, reacting);
  const topicOff = await counted(NOT_MERGED, reacting);
  say(`${MEMBERS} members read ${MESSAGES_READ} messages`);
  const readsOn = await counted(MERGED, (world) => burstOfReading(world, { isMerged: true }));
  const readsOff = await counted(NOT_MERGED, (world) => burstOfReading(world, { isMerged: false }));
  return [
    {
      name: "reaction_merge",
      work: `${MEMBERS} reactions to a message in a group of ${MEMBERS}, all of them connected`,
      on,
      off,
      more: { ...inTopic("on", topicOn), ...inTopic("off", topicOff) },
    },
    {
      name: "read_merge",
      work: `${MEMBERS} members of a group read ${MESSAGES_READ} messages of ${MESSAGES_READ} others, all of them connected`,
      on: readsOn,
      off: readsOff,
    },
  ];
}

function inTopic(which: "on" | "off", { storageOps, events }: Counted): Readonly<Record<string, number>> {
  return { [`topic_storage_ops_${which}`]: storageOps, [`topic_events_${which}`]: events };
}

async function burstOfReactions(world: World, seed: number) {
  const { userIds, conversationId } = await connectedGroup(world);
  await world.send(userIds[0]!, conversationId, "What do you think?");
  const random = seededUnit(seed);
  // The notice of the creation is 1.
  const place = { conversationId, sequence: 2 };
  const keys = userIds.map(() => KEYS[Math.floor(random() * KEYS.length)]!);
  return (): Promise<void> =>
    inBatches(userIds, (userId, index) =>
      world.parley.message.react(world.session(userId), { ...place, key: keys[index]!, isRemoval: false }),
    );
}

async function burstOfReading(world: World, { isMerged }: { readonly isMerged: boolean }) {
  const { userIds, conversationId } = await connectedGroup(world);
  for (const writer of userIds.slice(0, MESSAGES_READ)) await world.send(writer, conversationId, "Read me.");
  const last = MESSAGES_READ + 1;
  return (): Promise<void> =>
    inBatches(userIds, async (userId) => {
      const session = world.session(userId);
      for (let sequence = isMerged ? last : 2; sequence <= last; sequence++)
        await world.parley.message.markRead(session, conversationId, sequence);
    });
}

async function connectedGroup(
  world: World,
): Promise<{ readonly userIds: readonly UserId[]; readonly conversationId: ConversationId }> {
  const userIds = Array.from({ length: MEMBERS }, (_, index) => `m${index}` as UserId);
  await world.addUsers(userIds);
  const conversationId = await world.group(userIds);
  for (const userId of userIds) await world.connect(userId, [conversationId]);
  return { userIds, conversationId };
}

async function inBatches(
  userIds: readonly UserId[],
  act: (userId: UserId, index: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < userIds.length; start += AT_A_TIME) {
    const batch = userIds.slice(start, start + AT_A_TIME);
    await Promise.all(batch.map((userId, index) => act(userId, start + index)));
  }
}
