/** What a person does with groups: settings, mutes, roles, requests to join. Whatever is not allowed is refused. */
import type { ParleyClient } from "@parley/client";
import { type ConversationId, type GroupSettings, type UserId, NEVER_MS } from "@parley/protocol";
import type { SeededRandom } from "./seeded-random.js";

/** Runs an operation; what comes of it is counted. */
type Do = (kind: string, run: () => Promise<unknown>) => void;

export interface Governing {
  readonly client: ParleyClient;
  readonly random: SeededRandom;
  readonly nowMs: number;
  readonly self: UserId;
  readonly userIds: readonly UserId[];
  readonly run: Do;
}

const CIRCLES = ["all", "all", "admins", "owner"];
const POLICIES = ["open", "invite", "approval", "approval"];

/** One of them, on a group that this person is in or was in. */
export function governOnce(governing: Governing): void {
  const { client, random, userIds, run } = governing;
  const groups = client.conversations().filter(({ conversationId }) => conversationId.startsWith("g:"));
  if (groups.length === 0 || random.isTrue(0.05)) {
    const scenario = random.pick(["", "class-group", "announcement"]);
    const members = scenario === "" ? userIds.filter(() => random.isTrue(0.6)) : [];
    const settings = { joinPolicy: random.pick(POLICIES) };
    run("create-governed", () =>
      client.createGroup({
        title: "governed",
        userIds: members,
        scenario,
        ...(scenario === "" && { settings }),
      }),
    );
    return;
  }
  const { conversationId, isMember } = random.pick(groups);
  const draw = random.unit();
  if (!isMember || draw < 0.04) {
    run("join", () => client.groups.join(conversationId, { text: "please" }));
  } else if (draw < 0.3)
    run("update-group", () => client.groups.update(conversationId, settingsOf(governing)));
  else if (draw < 0.6) updateMember(governing, conversationId);
  else if (draw < 0.68) addAs(governing, conversationId);
  else if (draw < 0.76) run("members", () => client.members(conversationId));
  else if (draw < 0.82) run("group", () => client.groups.load(conversationId));
  else if (draw < 0.98) run("answer-join", () => answerAll(governing, conversationId));
  else if (draw < 0.985) run("dissolve", () => client.groups.dissolve(conversationId));
}

function settingsOf({ random, nowMs }: Governing): Partial<GroupSettings> {
  const draw = random.unit();
  if (draw < 0.3) return { title: `title ${random.integer(1000)}` };
  if (draw < 0.45) return { notice: `notice ${random.integer(1000)}`, isHistoryOpen: random.isTrue(0.5) };
  if (draw < 0.65) return { joinPolicy: random.pick(POLICIES) };
  if (draw < 0.85) return { mutedUntilMs: random.isTrue(0.3) ? 0 : untilMs(random, nowMs) };
  return { postBy: random.pick(CIRCLES), addBy: random.pick(CIRCLES), editBy: random.pick(CIRCLES) };
}

function updateMember({ client, random, nowMs, self, userIds, run }: Governing, group: ConversationId): void {
  const userId = random.pick([...userIds, self]);
  const draw = random.unit();
  if (draw < 0.1) run("transfer", () => client.groups.transfer(group, userId));
  else if (draw < 0.45) {
    const role = random.pick(["admin", "admin", "member"]);
    run("role", () => client.groups.updateMember(group, userId, { role }));
  } else if (draw < 0.7) {
    const mutedUntilMs = random.isTrue(0.2) ? 0 : untilMs(random, nowMs);
    run("mute", () => client.groups.updateMember(group, userId, { mutedUntilMs }));
  } else {
    const nickname = `nick ${random.integer(1000)}`;
    run("nickname", () => client.groups.updateMember(group, self, { nickname }));
  }
}

/** As the class group has them; of other groups it is refused. */
function addAs({ client, random, userIds, run }: Governing, group: ConversationId): void {
  const userId = random.pick(userIds);
  const fields = [
    { name: "child", value: random.pick(["Ida", "Max"]) },
    { name: "relation", value: random.pick(["mother", "father", "cat"]) },
  ];
  run("add-parent", () => client.addMembers(group, [userId], { scenarioRole: "parent", fields }));
}

async function answerAll({ client, random }: Governing, group: ConversationId): Promise<void> {
  const waiting = await client.groups.joinRequests(group);
  const userIds = waiting.map(({ userId }) => userId);
  if (userIds.length > 0) await client.groups.answerJoin(group, userIds, random.isTrue(0.8));
}

function untilMs(random: SeededRandom, nowMs: number): number {
  return random.isTrue(0.2) ? NEVER_MS : Math.floor(nowMs + random.between(50, 3_000));
}
