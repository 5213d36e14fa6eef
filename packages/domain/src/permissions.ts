/**
 * Who may do what in a group: one table of actions, the circle that a group's setting names for each, and what the scenario's
 * roles are denied. A direct conversation has neither settings nor roles: both may do everything that there is to do.
 */
import { type Body, type ScenarioRole, filled } from "@parley/protocol";
import type { HeadRow, MemberRow } from "./conversation-rows.js";
import { type Circle, GroupRow } from "./group-rows.js";
import { type Verdict, refused } from "./verdict.js";

/**
 * post: write a message · mention: mention everybody · react · pin · add: add members · edit: change title, notice, policies ·
 * recall: take back messages of others · nickname: set one's own · mute, fields: set them of members below · remove: members
 * below · answer: requests to join · role, rule: set roles, and who may what · transfer · dissolve
 */
export type Action =
  | "post"
  | "mention"
  | "react"
  | "pin"
  | "add"
  | "edit"
  | "recall"
  | "nickname"
  | "mute"
  | "fields"
  | "remove"
  | "answer"
  | "role"
  | "rule"
  | "transfer"
  | "dissolve";

/** The setting that says it, and what holds when that is empty; or what holds always. */
const CIRCLES: Readonly<Record<Action, Circle | readonly [keyof GroupRow & `${string}By`, Circle]>> = {
  post: ["postBy", "all"],
  mention: ["mentionBy", "all"],
  react: "all",
  pin: ["pinBy", "all"],
  add: ["addBy", "all"],
  edit: ["editBy", "admins"],
  recall: "admins",
  nickname: "all",
  mute: "admins",
  fields: "admins",
  remove: "admins",
  answer: "admins",
  role: "owner",
  rule: "owner",
  transfer: "owner",
  dissolve: "owner",
};

const RANKS: Readonly<Record<MemberRow["role"], number>> = { owner: 2, admin: 1, member: 0 };
const NEEDED: Readonly<Record<Circle, number>> = { owner: 2, admins: 1, all: 0, "": 0 };
const NO_GROUP: GroupRow = filled(GroupRow, {});

/** Fields of Body that only accompany what it says. */
const ASIDE: ReadonlySet<string> = new Set(["reply", "mentions", "forwarded", "hidesPreview"]);

/** What a member does with words: what a mute forbids. */
const SPEAKING: ReadonlySet<Action> = new Set(["post", "mention"]);

/** Undefined: it is allowed. Otherwise the refusal: "not-allowed", or "muted" with until when. `timeMs` is that of the record. */
export function forbids(
  action: Action,
  head: HeadRow,
  member: MemberRow,
  timeMs: number,
): Verdict | undefined {
  if (head.isDirect) return undefined;
  const group = groupOf(head);
  const said = CIRCLES[action];
  const circle = typeof said === "string" ? said : group[said[0]] || said[1];
  // A circle that is not known here is the smallest.
  if (rankOf(member) < (NEEDED[circle] ?? NEEDED.owner)) return refused("not-allowed");
  if (scenarioRoleOf(group, member)?.denied.includes(action) === true) return refused("not-allowed");
  if (!SPEAKING.has(action)) return undefined;
  const untilMs = mutedUntilMs(group, member);
  return untilMs > timeMs ? { kind: "refused", code: "muted", untilMs } : undefined;
}

export function may(action: Action, head: HeadRow, member: MemberRow, timeMs: number): boolean {
  return forbids(action, head, member, timeMs) === undefined;
}

/** Like `forbids("post")`, and for what mentions everybody `forbids("mention")`, and whether the scenario lets this role send messages of this kind. */
export function forbidsBody(
  body: Body | undefined,
  head: HeadRow,
  member: MemberRow,
  timeMs: number,
): Verdict | undefined {
  const isForAll = body?.mentions?.isAll === true;
  const forbidden =
    forbids("post", head, member, timeMs) ??
    (isForAll ? forbids("mention", head, member, timeMs) : undefined);
  const kinds = scenarioRoleOf(groupOf(head), member)?.kinds ?? [];
  if (forbidden !== undefined || kinds.length === 0) return forbidden;
  const set = Object.entries(body ?? {}).flatMap(([kind, value]) => (value === undefined ? [] : [kind]));
  return set.every((kind) => ASIDE.has(kind) || kinds.includes(kind)) ? undefined : refused("not-allowed");
}

/** The owner above the admins above the members. */
export function isAbove(member: MemberRow, other: MemberRow): boolean {
  return rankOf(member) > rankOf(other);
}

/** What a group has beside what every conversation has. */
export function groupOf(head: HeadRow): GroupRow {
  return head.group ?? NO_GROUP;
}

export function scenarioRoleOf(
  group: GroupRow,
  { scenarioRole }: Pick<MemberRow, "scenarioRole">,
): ScenarioRole | undefined {
  return group.scenario?.roles.find((role) => role.name === scenarioRole);
}

function rankOf(member: MemberRow): number {
  return RANKS[member.role] ?? 0;
}

/** A mute of all does not reach the admins. */
function mutedUntilMs(group: GroupRow, member: MemberRow): number {
  return rankOf(member) > 0 ? member.mutedUntilMs : Math.max(member.mutedUntilMs, group.mutedUntilMs);
}
