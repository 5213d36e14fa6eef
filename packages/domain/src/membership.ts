/** Who is in a conversation: creation, adding, removing, leaving. */
import { type Message, type UserId, directUsers } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { DONE, type Verdict, refused } from "./verdict.js";

/** Members of one group: every member gets a row of every message's event, until large groups share a topic. */
export const GROUP_MEMBERS_MAX = 20_000;

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
  };
  for (const userId of userIds) {
    const role = !create.isDirect && userId === create.creatorId ? "owner" : "member";
    step.setMember(userId, { role, firstVisible: 1, readSequence: 0, joinedMs: timeMs });
  }
  if (create.isDirect) announceJoin(step, userIds, timeMs);
  else {
    announceJoin(step, userIds, timeMs);
    notice(step, { code: "created", actorId: create.creatorId, userIds: [] }, create.messageId, timeMs);
  }
  return DONE;
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
  if (change.isRemoval && !isLeaving && actor.role === "member") return refused("not-allowed");
  return change.isRemoval ? remove(step, change, timeMs) : add(step, change, timeMs);
}

function add(
  step: ConversationStep,
  change: NonNullable<ConversationRecord["members"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const joining = [...new Set(change.userIds)].filter((userId) => !state.members.has(userId));
  if (state.members.size + joining.length > GROUP_MEMBERS_MAX) return refused("bad-request");
  if (joining.length === 0) return DONE;
  // What is gone is not seen by who comes later either.
  const firstVisible = step.head.isHistoryOpen
    ? Math.max(1, step.head.firstKept)
    : step.head.lastSequence + 1;
  for (const userId of joining) {
    step.setMember(userId, {
      role: "member",
      firstVisible,
      readSequence: step.head.lastSequence,
      joinedMs: timeMs,
    });
  }
  step.draft.memberCount = state.members.size;
  announceJoin(step, joining, timeMs, firstVisible);
  notice(step, { code: "joined", actorId: change.actorId, userIds: joining }, change.messageId, timeMs);
  return DONE;
}

function remove(
  step: ConversationStep,
  change: NonNullable<ConversationRecord["members"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const leaving = [...new Set(change.userIds)].filter((userId) => state.members.has(userId));
  if (leaving.some((userId) => userId !== change.actorId && state.members.get(userId)!.role === "owner")) {
    return refused("not-allowed");
  }
  if (leaving.length === 0) return DONE;
  const isLeaving = leaving.length === 1 && leaving[0] === change.actorId;
  const code = isLeaving ? "left" : "removed";
  const { conversationId } = state.key;
  for (const userId of leaving) step.setMember(userId, undefined);
  passOwnership(step, leaving);
  step.draft.memberCount = state.members.size;
  step.emit(leaving, { left: { conversationId, sequence: step.head.lastSequence } });
  notice(step, { code, actorId: change.actorId, userIds: leaving }, change.messageId, timeMs);
  return DONE;
}

/** A group never stays without an owner: the member of longest standing follows. */
function passOwnership(step: ConversationStep, leaving: readonly UserId[]): void {
  const { members } = step.state;
  const hasOwner = [...members.values()].some((member) => member.role === "owner");
  if (hasOwner || members.size === 0 || leaving.length === 0) return;
  let [heirId, heir] = [...members][0]!;
  for (const [userId, member] of members) {
    const isBefore =
      member.joinedMs < heir.joinedMs || (member.joinedMs === heir.joinedMs && userId < heirId);
    if (isBefore) [heirId, heir] = [userId, member];
  }
  step.setMember(heirId, { ...heir, role: "owner" });
}

function announceJoin(
  step: ConversationStep,
  userIds: readonly UserId[],
  timeMs: number,
  firstVisible = 1,
): void {
  const { conversationId } = step.state.key;
  const { title, lastSequence } = step.head;
  step.emit(userIds, { joined: { conversationId, title, firstVisible, lastSequence, timeMs } });
}

function notice(
  step: ConversationStep,
  what: { readonly code: string; readonly actorId: UserId; readonly userIds: readonly UserId[] },
  messageId: Message["messageId"],
  timeMs: number,
): void {
  const message = step.place({
    messageId,
    senderId: what.actorId,
    clientMessageId: "" as Message["clientMessageId"],
    timeMs,
    body: { text: undefined, notice: { ...what, text: "" } },
    isCountable: false,
  });
  step.emit([...step.state.members.keys()], { message });
}
