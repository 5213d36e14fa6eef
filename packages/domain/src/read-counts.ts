/**
 * How many have read the newest messages, counted as members read, come and go: nobody is ever counted through. Who has read
 * message n: a member who sees it, other than its sender, whose reading reaches it. Senders are told of their own
 * messages, at once when the last time is `windowMs` ago, else with the next spread record.
 *
 *   N1  The counts of a recent message are those that counting all members would give.
 *   N2  A count that changed since its sender was told is marked, and with any mark so is the head.
 */
import { type UserId, READS_TOLD_MAX, directUsers } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { MemberRow, RecentMessage } from "./conversation-rows.js";

const NOT_READING = { revision: 0, spreadMs: 0, isMarked: false };

/** A message was placed that counts as unread. Its sender is told once more of the one that is followed no longer. */
export function countSent(step: ConversationStep, sequence: number, senderId: UserId): void {
  const { recent, memberCount } = step.head;
  const added = { sequence, senderId, read: 0, unread: memberCount - 1, isChanged: false };
  if (recent.length < READS_TOLD_MAX) {
    step.draft.recent = [...recent, added];
    return;
  }
  const dropped = recent[0]!;
  const kept = recent.slice(1);
  kept.push(added);
  step.draft.recent = kept;
  if (dropped.isChanged) tellSenders(step, [dropped]);
}

/** A member's row becomes another one, or comes, or goes. Call before it does. */
export function countMember(
  step: ConversationStep,
  userId: UserId,
  before: MemberRow | undefined,
  after: MemberRow | undefined,
): void {
  const { recent } = step.head;
  if (recent.length === 0) return;
  // By far the most common: who had read all that counts still has, but for what they have just said.
  const isSame = before !== undefined && before.firstVisible === after?.firstVisible;
  const unchangedTo = isSame ? Math.min(before.readSequence, after.readSequence) : 0;
  const isCounted = ({ sequence, senderId }: RecentMessage): boolean =>
    sequence > unchangedTo && senderId !== userId && placeOf(before, sequence) !== placeOf(after, sequence);
  if (!someFromTheEnd(recent, isCounted, unchangedTo)) return;
  step.draft.recent = recent.map((message) =>
    isCounted(message)
      ? moved(message, placeOf(before, message.sequence), placeOf(after, message.sequence))
      : message,
  );
  const { revision, spreadMs } = step.head.reading ?? NOT_READING;
  step.draft.reading = { revision: revision + 1, spreadMs, isMarked: true };
}

/** A member has read: senders are told when it is time, and in a direct conversation always. */
export function tellReading(step: ConversationStep, timeMs: number, windowMs: number): void {
  const { reading } = step.head;
  if (reading?.isMarked !== true) return;
  const isDirect = directUsers(step.state.key.conversationId) !== undefined;
  if (isDirect || timeMs - reading.spreadMs >= windowMs) spreadReading(step, timeMs);
}

/** Tells the senders of all marked counts. */
export function spreadReading(step: ConversationStep, timeMs: number): void {
  const { reading, recent } = step.head;
  if (reading?.isMarked !== true) return;
  tellSenders(
    step,
    recent.filter(({ isChanged }) => isChanged),
  );
  step.draft.recent = recent.map((message) =>
    message.isChanged ? { ...message, isChanged: false } : message,
  );
  step.draft.reading = { revision: reading.revision, spreadMs: timeMs, isMarked: false };
}

/** What is below is no longer kept. */
export function trimReading(step: ConversationStep, firstKept: number): void {
  const { recent } = step.head;
  if (recent.length > 0 && recent[0]!.sequence < firstKept)
    step.draft.recent = recent.filter(({ sequence }) => sequence >= firstKept);
}

function tellSenders(step: ConversationStep, messages: readonly RecentMessage[]): void {
  const { conversationId } = step.state.key;
  const bySender = new Map<UserId, RecentMessage[]>();
  for (const message of messages) {
    // Who has left is told nothing any more.
    if (!step.state.members.has(message.senderId)) continue;
    bySender.set(message.senderId, [...(bySender.get(message.senderId) ?? []), message]);
  }
  const revision = step.head.reading?.revision ?? 0;
  for (const [senderId, own] of bySender) {
    const counts = own.map(({ sequence, read, unread }) => ({ sequence, read, unread }));
    step.emit([senderId], { readers: { conversationId, revision, counts } });
  }
}

/** Whether one of the messages behind a place is such. Cost: as many as there are behind it. */
function someFromTheEnd(
  recent: readonly RecentMessage[],
  isSuch: (message: RecentMessage) => boolean,
  after: number,
): boolean {
  for (let index = recent.length - 1; index >= 0; index--) {
    const message = recent[index]!;
    if (message.sequence <= after) return false;
    if (isSuch(message)) return true;
  }
  return false;
}

/** Undefined: not among those who see it. */
function placeOf(member: MemberRow | undefined, sequence: number): "read" | "unread" | undefined {
  if (member === undefined || member.firstVisible > sequence) return undefined;
  return member.readSequence >= sequence ? "read" : "unread";
}

function moved(
  message: RecentMessage,
  from: "read" | "unread" | undefined,
  to: "read" | "unread" | undefined,
): RecentMessage {
  const count = (place: "read" | "unread"): number =>
    message[place] + (to === place ? 1 : 0) - (from === place ? 1 : 0);
  return { ...message, read: count("read"), unread: count("unread"), isChanged: true };
}
