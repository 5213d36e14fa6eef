/** Who is in a conversation: creation, adding, removing, leaving. */
import {
  type MemberField,
  type Message,
  type UserId,
  ADMINS_MAX,
  LeftEvent,
  directUsers,
  filled,
} from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { MemberRow } from "./conversation-rows.js";
import { GroupRow } from "./group-rows.js";
import { changeMembers, draftGroup, say, staffOf, tellGroup, tellMembers, tellStaff } from "./group-step.js";
import { forbids, groupOf, isAbove } from "./permissions.js";
import { type Cast, castAs, refusedAs } from "./scenario-roles.js";
import { DONE, type Verdict, refused } from "./verdict.js";

/** Members of one group: all of them are in memory while it is in use. */
export const GROUP_MEMBERS_MAX = 200_000;

/** Creating what exists is harmless for its members, so that a repeated creation is answered as the first was. */
export function applyCreate(
  step: ConversationStep,
  create: NonNullable<ConversationRecord["create"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  if (state.head !== undefined) return state.members.has(create.creatorId) ? DONE : refused("not-a-member");
  const userIds = [...new Set(create.userIds)];
  if (userIds.length === 0 || userIds.length > GROUP_MEMBERS_MAX) return refused("bad-request");
  const group = create.isDirect ? undefined : groupAtFirst(create);
  const roles = castAll(create, group);
  if (roles === undefined) return refused("bad-request");
  state.head = {
    applied: 0,
    isDirect: create.isDirect,
    title: create.title,
    creatorId: create.creatorId,
    createdMs: timeMs,
    isHistoryOpen: create.isHistoryOpen || create.isDirect,
    lastSequence: 0,
    lastTimeMs: 0,
    memberCount: userIds.length,
    importedCount: 0,
    firstKept: 0,
    keepDays: 0,
    coldAfterDays: 0,
    isShared: !create.isDirect && isLarge(userIds.length, create.sharedFrom),
    topicPts: 0,
    systemId: create.isDirect ? create.systemId : ("" as UserId),
    recent: [],
    reading: undefined,
    reacting: undefined,
    pinning: undefined,
    carding: undefined,
    group,
  };
  const place = filled(MemberRow, {
    firstVisible: 1,
    joinedMs: timeMs,
    revision: group === undefined ? 0 : 1,
  });
  for (const userId of userIds) {
    const isOwner = !create.isDirect && userId === create.creatorId;
    const cast = isOwner ? roles.creator : roles.others;
    step.setMember(userId, { ...place, ...cast, role: isOwner ? "owner" : cast.role });
  }
  announceJoin(step, userIds, timeMs);
  if (!create.isDirect) say(step, { code: "created", actorId: create.creatorId }, create.messageId, timeMs);
  return DONE;
}

/** As it is created: the first revision of everything. */
function groupAtFirst(create: NonNullable<ConversationRecord["create"]>): GroupRow {
  const { title: _title, isHistoryOpen: _isHistoryOpen, ...settings } = create.settings ?? {};
  return filled(GroupRow, {
    ...(settings as Partial<GroupRow>),
    revision: 1,
    membersRevision: 1,
    staffIds: [create.creatorId],
    scenario: create.scenario,
  });
}

/** What the creator and those who are there from the beginning are; undefined when the scenario asks more of them. */
function castAll(
  { creatorId, userIds }: NonNullable<ConversationRecord["create"]>,
  group: GroupRow | undefined,
): { readonly creator: Cast; readonly others: Cast } | undefined {
  const { scenario } = group ?? {};
  const creator = castAs(scenario, scenario?.creatorRole ?? "", []);
  const others = castAs(scenario, scenario?.defaultRole ?? "", []);
  const isAlone = userIds.every((userId) => userId === creatorId);
  if (creator === undefined) return undefined;
  // Nobody is an admin from the beginning: one becomes that by name.
  if (others === undefined || others.role === "admin")
    return isAlone ? { creator, others: creator } : undefined;
  return { creator, others };
}

export function applyMembers(
  step: ConversationStep,
  change: NonNullable<ConversationRecord["members"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const actor = state.members.get(change.actorId);
  if (actor === undefined) return refused("not-a-member");
  if (directUsers(state.key.conversationId) !== undefined) return refused("not-allowed");
  const isLeaving = change.isRemoval && change.userIds.length === 1 && change.userIds[0] === change.actorId;
  if (isLeaving) return remove(step, change, timeMs);
  const forbidden = forbids(change.isRemoval ? "remove" : "add", step.head, actor, timeMs);
  if (change.isRemoval) return forbidden ?? remove(step, change, timeMs);
  const { actorId, userIds, messageId, fields, sharedFrom } = change;
  const { scenario } = groupOf(step.head);
  const scenarioRole = change.scenarioRole || (scenario?.defaultRole ?? "");
  const refusal = refusedAs(scenario, scenarioRole, actor, forbidden);
  if (refusal !== undefined) return refusal;
  const joiners = [...new Set(userIds)].map((userId) => ({ userId, scenarioRole, fields }));
  return admit(step, { actorId, messageId, joiners, sharedFrom }, timeMs);
}

/** Who comes, and as what. */
export interface Joiner {
  readonly userId: UserId;
  readonly scenarioRole: string;
  readonly fields: readonly MemberField[];
}

/** Makes them members, those who are not yet. Whether somebody may let them in is known. */
export function admit(
  step: ConversationStep,
  what: {
    readonly actorId: UserId;
    readonly messageId: Message["messageId"];
    readonly joiners: readonly Joiner[];
    /** As in CreateRecord. */
    readonly sharedFrom: number;
  },
  timeMs: number,
): Verdict {
  const { state } = step;
  const joining = what.joiners.filter(({ userId }) => !state.members.has(userId));
  if (state.members.size + joining.length > GROUP_MEMBERS_MAX) return refused("group-full");
  if (joining.length === 0) return DONE;
  if (!step.head.isShared && isLarge(state.members.size + joining.length, what.sharedFrom)) share(step);
  // What is gone is not seen by who comes later either.
  const firstVisible = step.head.isHistoryOpen
    ? Math.max(1, step.head.firstKept)
    : step.head.lastSequence + 1;
  const place = { firstVisible, readSequence: step.head.lastSequence, joinedMs: timeMs };
  const { scenario } = groupOf(step.head);
  const rows = new Map<UserId, MemberRow>();
  for (const { userId, scenarioRole, fields } of joining) {
    const cast = castAs(scenario, scenarioRole, fields);
    if (cast === undefined) return refused("bad-request");
    rows.set(userId, filled(MemberRow, { ...place, ...cast }));
  }
  const adminCount = [...rows.values()].filter(({ role }) => role === "admin").length;
  if (adminCount > 0 && staffOf(step).length + adminCount > ADMINS_MAX) return refused("group-full");
  changeMembers(step, rows);
  const userIds = [...rows.keys()];
  forgetRequests(step, userIds);
  announceJoin(step, userIds, timeMs, firstVisible);
  tellMembers(step, rows);
  say(step, { code: "joined", actorId: what.actorId, userIds }, what.messageId, timeMs);
  return DONE;
}

function remove(
  step: ConversationStep,
  change: NonNullable<ConversationRecord["members"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const leaving = [...new Set(change.userIds)].filter((userId) => state.members.has(userId));
  const actor = state.members.get(change.actorId)!;
  const isSpared = (userId: UserId): boolean =>
    userId !== change.actorId && !isAbove(actor, state.members.get(userId)!);
  if (leaving.some(isSpared)) return refused("not-allowed");
  if (leaving.length === 0) return DONE;
  const isLeaving = leaving.length === 1 && leaving[0] === change.actorId;
  const code = isLeaving ? "left" : "removed";
  announceLeaving(step, leaving, timeMs);
  const rows = new Map<UserId, MemberRow | undefined>(leaving.map((userId) => [userId, undefined]));
  const heir = leaving.some((userId) => state.members.get(userId)!.role === "owner")
    ? heirOf(step, rows)
    : undefined;
  if (heir !== undefined) rows.set(heir[0], { ...heir[1], role: "owner", mutedUntilMs: 0 });
  changeMembers(step, rows);
  tellMembers(step, rows);
  if (heir !== undefined) tellGroup(step);
  say(step, { code, actorId: change.actorId, userIds: leaving }, change.messageId, timeMs);
  return DONE;
}

/** Of a large group each one is told what the entry is from now on; all others learn of it from the notice. */
function announceLeaving(step: ConversationStep, leaving: readonly UserId[], timeMs: number): void {
  const { conversationId } = step.state.key;
  const { isShared, title, lastSequence: sequence, firstKept } = step.head;
  if (!isShared) {
    step.emit(leaving, { left: filled(LeftEvent, { conversationId, sequence }) });
    return;
  }
  for (const userId of leaving) {
    const firstVisible = Math.max(step.state.members.get(userId)!.firstVisible, firstKept);
    step.emit([userId], { left: { conversationId, sequence, isShared, title, firstVisible, timeMs } });
  }
}

/** Makes it a large group: the last that its members are told over their own queues. */
function share(step: ConversationStep): void {
  const { conversationId } = step.state.key;
  step.draft.isShared = true;
  const { topicPts } = step.head;
  step.emit([...step.state.members.keys()], { shared: { conversationId, topicPts } });
}

function isLarge(memberCount: number, sharedFrom: number): boolean {
  return sharedFrom > 0 && memberCount > sharedFrom;
}

/** Ends the group: everybody is told and leaves. Cost: a row and an event for each member. */
export function applyDissolve(
  step: ConversationStep,
  { actorId, messageId }: NonNullable<ConversationRecord["dissolve"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const actor = state.members.get(actorId);
  if (actor === undefined) return refused("not-a-member");
  if (step.head.isDirect) return refused("not-allowed");
  const forbidden = forbids("dissolve", step.head, actor, timeMs);
  if (forbidden !== undefined) return forbidden;
  say(step, { code: "dissolved", actorId }, messageId, timeMs);
  const leaving = [...state.members.keys()];
  announceLeaving(step, leaving, timeMs);
  for (const userId of state.requests.keys()) step.setRequest(userId, undefined);
  for (const userId of leaving) step.setMember(userId, undefined);
  step.draft.memberCount = 0;
  Object.assign(draftGroup(step), { isDissolved: true, staffIds: [], requestCount: 0 });
  return DONE;
}

/** A group never stays without an owner: an admin follows, else the member of longest standing. */
function heirOf(
  step: ConversationStep,
  leaving: ReadonlyMap<UserId, unknown>,
): readonly [UserId, MemberRow] | undefined {
  const { members } = step.state;
  const adminId = staffOf(step).find((userId) => !leaving.has(userId) && members.has(userId));
  if (adminId !== undefined) return [adminId, members.get(adminId)!];
  let heir: readonly [UserId, MemberRow] | undefined;
  for (const [userId, member] of members) {
    if (leaving.has(userId)) continue;
    const isBefore =
      heir === undefined ||
      member.joinedMs < heir[1].joinedMs ||
      (member.joinedMs === heir[1].joinedMs && userId < heir[0]);
    if (isBefore) heir = [userId, member];
  }
  return heir;
}

/** Who is in asks no longer. */
function forgetRequests(step: ConversationStep, userIds: readonly UserId[]): void {
  const answered = userIds.filter((userId) => step.state.requests.has(userId));
  if (answered.length === 0) return;
  for (const userId of answered) step.setRequest(userId, undefined);
  draftGroup(step).requestCount = step.state.requests.size;
  tellStaff(step, { answered });
}

function announceJoin(
  step: ConversationStep,
  userIds: readonly UserId[],
  timeMs: number,
  firstVisible = 1,
): void {
  const { conversationId } = step.state.key;
  const { title, lastSequence, isShared, topicPts } = step.head;
  const { revision: groupRevision, membersRevision } = groupOf(step.head);
  const place = { firstVisible, lastSequence, timeMs, isShared, topicPts };
  step.emit(userIds, { joined: { conversationId, title, ...place, groupRevision, membersRevision } });
}
