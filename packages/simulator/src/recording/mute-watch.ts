/**
 * Watches over sends by a rule of its own, written down a second time and differently: a member who was muted, or whom the group
 * does not let write, has no message there.
 */
import type { ConversationRecord, ConversationState } from "@parley/domain";
import type { UserId } from "@parley/protocol";

/** Who could not write when a record came; ask before it is applied. */
export function silencedBefore(state: ConversationState, record: ConversationRecord): UserId | undefined {
  const senderId = record.send?.senderId;
  const member = senderId === undefined ? undefined : state.members.get(senderId);
  const { head } = state;
  if (senderId === undefined || member === undefined || head === undefined || head.isDirect) return undefined;
  const isStaff = member.role === "owner" || member.role === "admin";
  const isMuted = record.timeMs < member.mutedUntilMs;
  const isAllMuted = !isStaff && record.timeMs < (head.group?.mutedUntilMs ?? 0);
  const { postBy = "" } = head.group ?? {};
  const isOutside = (postBy === "admins" && !isStaff) || (postBy === "owner" && member.role !== "owner");
  const isReader = member.scenarioRole === "reader" && head.group?.scenario?.name === "announcement";
  return isMuted || isAllMuted || isOutside || isReader ? senderId : undefined;
}

/** Every group that has members has one owner. */
export function isOwnerless({ head, members }: ConversationState): boolean {
  if (head === undefined || head.isDirect || members.size === 0) return false;
  let owners = 0;
  for (const { role } of members.values()) if (role === "owner") owners += 1;
  return owners !== 1;
}
