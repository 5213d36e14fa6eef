/** What all changes of a group do: keep its revisions, tell its members, say a notice. */
import {
  Body,
  type GroupInfo,
  type GroupSettings,
  type JoinRequest,
  type Member,
  type Message,
  type UserId,
  type Infer,
  type Init,
  filled,
  GroupEvent,
  NoticeBody,
} from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { HeadRow, MemberRow } from "./conversation-rows.js";
import { type GroupRow, MEMBER_CHANGES_KEPT } from "./group-rows.js";
import { groupOf } from "./permissions.js";

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** The group as it will be after this record. A copy: the one before may still wait to be written. */
export function draftGroup(step: ConversationStep): Draft<GroupRow> {
  const group = { ...groupOf(step.head) };
  step.draft.group = group;
  return group;
}

/** The owner and the admins. Cost: of a group made before there were settings, a look at all members. */
export function staffOf(step: ConversationStep): readonly UserId[] {
  const { staffIds } = groupOf(step.head);
  if (staffIds.length > 0) return staffIds;
  const { members } = step.state;
  const withRole = (role: MemberRow["role"]): UserId[] =>
    [...members].flatMap(([userId, member]) => (member.role === role ? [userId] : []));
  return [...withRole("owner"), ...withRole("admin")];
}

/**
 * Sets what others see of these members; undefined: they are no members any more. Effects: the next `membersRevision`, which
 * their rows get, a row for devices that were away, and one event for all who are members then. Call it at most once in a record.
 */
export function changeMembers(
  step: ConversationStep,
  rows: ReadonlyMap<UserId, MemberRow | undefined>,
): void {
  const { state } = step;
  const group = draftGroup(step);
  const revision = group.membersRevision + 1;
  group.membersRevision = revision;
  for (const [userId, row] of rows)
    step.setMember(userId, row === undefined ? undefined : { ...row, revision });
  step.draft.memberCount = state.members.size;
  group.staffIds = staffAfter(step, rows);
  step.changes.memberChanges.push({ revision, row: { userIds: [...rows.keys()] } });
  if (revision > MEMBER_CHANGES_KEPT)
    step.changes.memberChanges.push({ revision: revision - MEMBER_CHANGES_KEPT, row: undefined });
}

/** Tells what `changeMembers` did. Apart, for who has joined is told of that before. */
export function tellMembers(step: ConversationStep, rows: ReadonlyMap<UserId, MemberRow | undefined>): void {
  const { conversationId } = step.state.key;
  const changed: Member[] = [];
  const removed: UserId[] = [];
  for (const [userId, row] of rows) {
    if (row === undefined) removed.push(userId);
    else changed.push(memberOf(userId, row));
  }
  const { membersRevision: revision } = groupOf(step.head);
  const { memberCount } = step.head;
  step.tell({ members: { conversationId, revision, memberCount, changed, removed } });
}

/** Counts the group's revision up and tells all members what it says now. */
export function tellGroup(step: ConversationStep): void {
  const group = draftGroup(step);
  group.revision += 1;
  const { conversationId } = step.state.key;
  step.tell({ group: filled(GroupEvent, { conversationId, info: infoOf(step.head) }) });
}

/** Tells the admins who asks to join, or whose question is answered. */
export function tellStaff(
  step: ConversationStep,
  what: { readonly request?: JoinRequest; readonly answered?: readonly UserId[] },
): void {
  const { conversationId } = step.state.key;
  step.emit(staffOf(step), { group: filled(GroupEvent, { conversationId, ...what }) });
}

/** Puts a notice into the conversation and tells the members. */
export function say(
  step: ConversationStep,
  what: Init<Infer<typeof NoticeBody>> & { readonly code: string; readonly actorId: UserId },
  messageId: Message["messageId"],
  timeMs: number,
): void {
  const body = filled(Body, { notice: filled(NoticeBody, what) });
  const message = step.place({
    messageId,
    senderId: what.actorId,
    clientMessageId: "" as Message["clientMessageId"],
    timeMs,
    body,
    isCountable: false,
  });
  step.tell({ message }, message);
}

/** What others see of a member. */
export function memberOf(userId: UserId, row: MemberRow): Member {
  const { role, nickname, mutedUntilMs, fields, scenarioRole } = row;
  return { userId, role, nickname, mutedUntilMs, fields, scenarioRole };
}

/** What all members know of their group. */
export function infoOf(head: HeadRow): GroupInfo {
  const group = groupOf(head);
  return {
    revision: group.revision,
    settings: settingsOf(head),
    ownerId: group.staffIds[0] ?? head.creatorId,
    scenario: group.scenario?.name ?? "",
    scenarioVersion: group.scenario?.version ?? 0,
    createdMs: head.createdMs,
  };
}

export function settingsOf(head: HeadRow): GroupSettings {
  const { notice, joinPolicy, mutedUntilMs, postBy, mentionBy, pinBy, addBy, editBy } = groupOf(head);
  const { title, isHistoryOpen } = head;
  return { title, isHistoryOpen, notice, joinPolicy, mutedUntilMs, postBy, mentionBy, pinBy, addBy, editBy };
}

/** Without a look at all members: the owner first, then the admins in the order in which they became that. */
function staffAfter(
  step: ConversationStep,
  rows: ReadonlyMap<UserId, MemberRow | undefined>,
): readonly UserId[] {
  const before = staffOf(step);
  const known = new Set([...before, ...rows.keys()]);
  const { members } = step.state;
  const withRole = (role: MemberRow["role"]): UserId[] =>
    [...known].filter((userId) => members.get(userId)?.role === role);
  return [...withRole("owner"), ...withRole("admin")];
}
