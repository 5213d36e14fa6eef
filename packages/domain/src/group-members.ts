/** What is set of one member: role, nickname, mute, fields. */
import { type Member, type MemberField, type UserId, ADMINS_MAX, MEMBER_FIELDS_MAX } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { MemberRow } from "./conversation-rows.js";
import { changeMembers, say, staffOf, tellGroup, tellMembers } from "./group-step.js";
import { forbids, groupOf, isAbove, scenarioRoleOf } from "./permissions.js";
import { castAs, composedNickname, fitsRole } from "./scenario-roles.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type MemberChange = NonNullable<ConversationRecord["member"]>;

/** Who acts on whom, and what is asked for. */
interface Asked {
  readonly step: ConversationStep;
  readonly actor: MemberRow;
  readonly isSelf: boolean;
  readonly member: Member;
  readonly timeMs: number;
}

/** The row after one setting, or why not. */
type Setter = (asked: Asked, row: MemberRow) => MemberRow | Verdict;

const SETTERS: Readonly<Record<string, Setter>> = {
  role: setRole,
  nickname: setNickname,
  mutedUntilMs: setMute,
  fields: setFields,
  scenarioRole: setScenarioRole,
};

/** All of it or nothing. What does not change is done, so that it may be repeated. */
export function applyMember(step: ConversationStep, change: MemberChange, timeMs: number): Verdict {
  const { state } = step;
  const { actorId, member } = change;
  const actor = state.members.get(actorId);
  if (actor === undefined) return refused("not-a-member");
  if (step.head.isDirect) return refused("not-allowed");
  const before = member === undefined ? undefined : state.members.get(member.userId);
  if (member === undefined || before === undefined) return refused("bad-request");
  const asked: Asked = { step, actor, isSelf: member.userId === actorId, member, timeMs };
  let row = before;
  for (const name of change.names) {
    const set = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
    const after = set === undefined ? refused("bad-request") : set(asked, row);
    if ("kind" in after) return after;
    row = after;
  }
  if (isSame(before, row)) return DONE;
  const { userId } = member;
  if (row.role === "owner" && before.role !== "owner") return handOver(step, change, { userId, row, timeMs });
  const isNewAdmin = row.role === "admin" && before.role !== "admin";
  if (isNewAdmin && staffOf(step).length >= ADMINS_MAX) return refused("group-full");
  const rows = new Map([[userId, row]]);
  changeMembers(step, rows);
  tellMembers(step, rows);
  const userIds = [userId];
  const { messageId } = change;
  const untilMs = row.mutedUntilMs;
  if (row.role !== before.role)
    say(step, { code: "role-changed", actorId, userIds, text: row.role }, messageId, timeMs);
  else if (untilMs !== before.mutedUntilMs) {
    const isMuted = untilMs > timeMs;
    say(
      step,
      isMuted ? { code: "muted", actorId, userIds, untilMs } : { code: "unmuted", actorId, userIds },
      messageId,
      timeMs,
    );
  }
  return DONE;
}

/** There is one owner: the one before is an admin from now on. */
function handOver(
  step: ConversationStep,
  { actorId, messageId }: MemberChange,
  { userId, row, timeMs }: { readonly userId: UserId; readonly row: MemberRow; readonly timeMs: number },
): Verdict {
  const owner = step.state.members.get(actorId)!;
  const wasAdmin = step.state.members.get(userId)!.role === "admin";
  // With the new owner among the admins already the number stays.
  if (!wasAdmin && staffOf(step).length >= ADMINS_MAX) return refused("group-full");
  const rows = new Map([
    [userId, row],
    [actorId, { ...owner, role: "admin" as const }],
  ]);
  changeMembers(step, rows);
  tellMembers(step, rows);
  tellGroup(step);
  say(step, { code: "owner-changed", actorId, userIds: [userId] }, messageId, timeMs);
  return DONE;
}

function setRole({ step, actor, isSelf, member, timeMs }: Asked, row: MemberRow): MemberRow | Verdict {
  const { role } = member;
  if (role !== "owner" && role !== "admin" && role !== "member") return refused("bad-request");
  const forbidden = forbids(role === "owner" ? "transfer" : "role", step.head, actor, timeMs);
  if (forbidden !== undefined) return forbidden;
  // The owner stays that until it hands the group over.
  if (isSelf) return role === row.role ? row : refused("not-allowed");
  // Nobody could lift a mute of the owner.
  return { ...row, role, mutedUntilMs: role === "owner" ? 0 : row.mutedUntilMs };
}

function setNickname(asked: Asked, row: MemberRow): MemberRow | Verdict {
  const { step, actor, isSelf, member, timeMs } = asked;
  const role = scenarioRoleOf(groupOf(step.head), row);
  if (role !== undefined && role.nickname !== "") return refused("not-allowed");
  const forbidden = isSelf ? forbids("nickname", step.head, actor, timeMs) : forbidsOn(asked, row, "fields");
  return forbidden ?? { ...row, nickname: member.nickname };
}

function setMute(asked: Asked, row: MemberRow): MemberRow | Verdict {
  return forbidsOn(asked, row, "mute") ?? { ...row, mutedUntilMs: asked.member.mutedUntilMs };
}

function setFields(asked: Asked, row: MemberRow): MemberRow | Verdict {
  const role = scenarioRoleOf(groupOf(asked.step.head), row);
  if (role === undefined) return refused("not-allowed");
  const { fields } = asked.member;
  if (fields.length > MEMBER_FIELDS_MAX) return refused("bad-request");
  for (const { name } of fields) {
    const field = role.fields.find((each) => each.name === name);
    if (field === undefined) return refused("bad-request");
    const isOwn = asked.isSelf && field.setBy === "self";
    const forbidden = isOwn ? undefined : forbidsOn(asked, row, "fields");
    if (forbidden !== undefined) return forbidden;
  }
  const merged = mergedFields(row.fields, fields);
  if (!fitsRole(role, merged)) return refused("bad-request");
  return { ...row, fields: merged, nickname: composedNickname(role, merged) ?? row.nickname };
}

/** The fields that the new role knows stay; what else it asks for comes with it. */
function setScenarioRole(asked: Asked, row: MemberRow): MemberRow | Verdict {
  const { step, actor, member, timeMs } = asked;
  const { scenario } = groupOf(step.head);
  const role = scenario?.roles.find(({ name }) => name === member.scenarioRole);
  if (role === undefined) return refused("bad-request");
  const forbidden = forbidsOn(asked, row, "fields");
  if (forbidden !== undefined) return forbidden;
  const isKnown = ({ name }: MemberField): boolean => role.fields.some((field) => field.name === name);
  const cast = castAs(scenario, role.name, mergedFields(row.fields.filter(isKnown), member.fields));
  if (cast === undefined) return refused("bad-request");
  const after = { ...row, ...cast, role: row.role === "owner" ? row.role : cast.role };
  if (after.role !== row.role) {
    const refusal = forbids("role", step.head, actor, timeMs);
    if (refusal !== undefined) return refusal;
  }
  return after;
}

/** What one does to another member, one must be allowed to, and be above that member. */
function forbidsOn(
  { step, actor, isSelf, timeMs }: Asked,
  row: MemberRow,
  action: "fields" | "mute",
): Verdict | undefined {
  const forbidden = forbids(action, step.head, actor, timeMs);
  if (forbidden !== undefined) return forbidden;
  const isOwn = isSelf && action === "fields";
  return isOwn || isAbove(actor, row) ? undefined : refused("not-allowed");
}

function mergedFields(before: readonly MemberField[], now: readonly MemberField[]): readonly MemberField[] {
  const values = new Map(before.map(({ name, value }) => [name, value]));
  for (const { name, value } of now) values.set(name, value);
  return [...values].flatMap(([name, value]) => (value === "" ? [] : [{ name, value }]));
}

function isSame(before: MemberRow, after: MemberRow): boolean {
  const plain = (["role", "nickname", "mutedUntilMs", "scenarioRole"] as const).every(
    (name) => before[name] === after[name],
  );
  const text = (row: MemberRow): string => JSON.stringify(row.fields);
  return plain && text(before) === text(after);
}
