/**
 * How an event changes an entry of the conversation list. The server's user machine and every client run this same
 * function, so an entry that was kept up to date by events equals the entry fetched fresh.
 *
 * Unread messages are ranges of sequences: reading cuts them from below, deleting for me cuts them out, and one's own
 * messages never enter them. Nothing is ever counted up or down, so an event applied twice changes nothing.
 */
import type { ConversationId, UserId } from "./ids.js";
import type { ConversationEntry, Event, Message } from "./model.js";

/** Beyond this many ranges the oldest ones are taken as read: someone wrote that often without reading. */
export const UNREAD_RANGES_MAX = 128;

/** The conversation that an event is about, or undefined for an event unknown here. */
export function conversationOf(event: Event): ConversationId | undefined {
  return (
    event.message?.conversationId ??
    event.read?.conversationId ??
    event.hidden?.conversationId ??
    event.joined?.conversationId ??
    event.left?.conversationId ??
    event.advanced?.conversationId ??
    event.trimmed?.conversationId ??
    event.changed?.message?.conversationId
  );
}

/** An entry before any event. */
export function emptyEntry(conversationId: ConversationId): ConversationEntry {
  return {
    conversationId,
    title: "",
    firstVisible: 1,
    lastSequence: 0,
    readSequence: 0,
    unread: 0,
    unreadRanges: [],
    lastMessage: undefined,
    isMember: true,
    updatedMs: 0,
  };
}

/** The entry of user `self` after an event of the same conversation. */
export function applyEvent(entry: ConversationEntry, event: Event, self: UserId): ConversationEntry {
  if (event.message !== undefined) return withMessage(entry, event.message, self);
  if (event.read !== undefined) return withRead(entry, event.read.sequence);
  if (event.hidden !== undefined) return withHidden(entry, event.hidden.sequences);
  if (event.joined !== undefined) {
    const joined = event.joined;
    return withRead(
      {
        ...entry,
        title: joined.title,
        firstVisible: joined.firstVisible,
        lastSequence: Math.max(entry.lastSequence, joined.lastSequence),
        isMember: true,
        updatedMs: Math.max(entry.updatedMs, joined.timeMs),
      },
      joined.lastSequence,
    );
  }
  if (event.left !== undefined) return { ...entry, isMember: false };
  if (event.advanced !== undefined) {
    const { lastSequence, lastMessage } = event.advanced;
    if (lastSequence <= entry.lastSequence) return entry;
    return {
      ...entry,
      lastSequence,
      // Imported history is old news: who had read everything still has.
      readSequence: entry.readSequence === entry.lastSequence ? lastSequence : entry.readSequence,
      lastMessage: lastMessage ?? entry.lastMessage,
      updatedMs: Math.max(entry.updatedMs, lastMessage?.timeMs ?? 0),
    };
  }
  if (event.trimmed !== undefined) return withTrim(entry, event.trimmed.firstVisible);
  if (event.changed?.message !== undefined) return withChange(entry, event.changed.message);
  return entry;
}

function withMessage(entry: ConversationEntry, message: Message, self: UserId): ConversationEntry {
  if (message.sequence <= entry.lastSequence) return entry;
  const isUnread = message.isCountable && message.senderId !== self;
  const hadReadAll = entry.unreadRanges.length === 0;
  const ranges = isUnread ? capped(withSequence(entry.unreadRanges, message.sequence)) : entry.unreadRanges;
  return {
    ...entry,
    lastSequence: message.sequence,
    lastMessage: message,
    updatedMs: message.timeMs,
    readSequence: !isUnread && hadReadAll ? message.sequence : entry.readSequence,
    unreadRanges: ranges,
    unread: isUnread ? countOf(ranges) : entry.unread,
  };
}

function withRead(entry: ConversationEntry, sequence: number): ConversationEntry {
  const readSequence = Math.min(sequence, entry.lastSequence);
  if (readSequence <= entry.readSequence) return entry;
  const ranges: number[] = [];
  for (let index = 0; index < entry.unreadRanges.length; index += 2) {
    const last = entry.unreadRanges[index + 1]!;
    if (last > readSequence) ranges.push(Math.max(entry.unreadRanges[index]!, readSequence + 1), last);
  }
  return { ...entry, readSequence, unreadRanges: ranges, unread: countOf(ranges) };
}

/** What is gone counts as read. The newest message of a conversation is always kept, so the last message stays. */
function withTrim(entry: ConversationEntry, firstVisible: number): ConversationEntry {
  if (firstVisible <= entry.firstVisible) return entry;
  const { lastMessage } = entry;
  const isKept = lastMessage !== undefined && lastMessage.sequence >= firstVisible;
  return {
    ...withRead(entry, firstVisible - 1),
    firstVisible,
    lastMessage: isKept ? lastMessage : undefined,
  };
}

function withHidden(entry: ConversationEntry, sequences: readonly number[]): ConversationEntry {
  let ranges = entry.unreadRanges;
  for (const sequence of sequences) ranges = withoutSequence(ranges, sequence);
  const lastMessage =
    entry.lastMessage !== undefined && sequences.includes(entry.lastMessage.sequence)
      ? undefined
      : entry.lastMessage;
  if (ranges === entry.unreadRanges && lastMessage === entry.lastMessage) return entry;
  const kept = capped(ranges);
  return { ...entry, lastMessage, unreadRanges: kept, unread: countOf(kept) };
}

/** What was recalled is not waited for any more: it leaves the unread messages as a hidden one does. */
function withChange(entry: ConversationEntry, message: Message): ConversationEntry {
  const { lastMessage } = entry;
  const isNewer =
    lastMessage !== undefined &&
    lastMessage.sequence === message.sequence &&
    lastMessage.revision < message.revision;
  const ranges =
    message.recall === undefined
      ? entry.unreadRanges
      : capped(withoutSequence(entry.unreadRanges, message.sequence));
  if (!isNewer && ranges === entry.unreadRanges) return entry;
  return {
    ...entry,
    lastMessage: isNewer ? message : lastMessage,
    unreadRanges: ranges,
    unread: countOf(ranges),
  };
}

/** Adds a sequence above all others. */
function withSequence(ranges: readonly number[], sequence: number): readonly number[] {
  const last = ranges.length - 1;
  const isNext = last > 0 && ranges[last] === sequence - 1;
  const grown = ranges.slice();
  if (isNext) grown[last] = sequence;
  else grown.push(sequence, sequence);
  return grown;
}

function withoutSequence(ranges: readonly number[], sequence: number): readonly number[] {
  for (let index = 0; index < ranges.length; index += 2) {
    const first = ranges[index]!;
    const last = ranges[index + 1]!;
    if (sequence < first || sequence > last) continue;
    const parts: number[] = [];
    if (first < sequence) parts.push(first, sequence - 1);
    if (sequence < last) parts.push(sequence + 1, last);
    return [...ranges.slice(0, index), ...parts, ...ranges.slice(index + 2)];
  }
  return ranges;
}

function capped(ranges: readonly number[]): readonly number[] {
  return ranges.length > UNREAD_RANGES_MAX * 2 ? ranges.slice(ranges.length - UNREAD_RANGES_MAX * 2) : ranges;
}

function countOf(ranges: readonly number[]): number {
  let count = 0;
  for (let index = 0; index < ranges.length; index += 2) count += ranges[index + 1]! - ranges[index]! + 1;
  return count;
}
