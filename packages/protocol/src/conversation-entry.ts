/**
 * How an event changes an entry of the conversation list. The server's user machine and every client run this same
 * function, so an entry that was kept up to date by events equals the entry fetched fresh.
 *
 * Unread messages are ranges of sequences: reading cuts them from below, deleting for me cuts them out, and one's own
 * messages never enter them. Mentions are some of the unread messages, and leave with them. Nothing is ever counted up or
 * down, so an event applied twice changes nothing.
 *
 * The entry of a large group is fed from two sides, its topic and the user's queue, whose order to each other is not known.
 * So it is the same whichever comes first, and the server can compute it from the messages alone: see `settledShared`.
 */
import type { GroupInfo } from "./group.js";
import type { ConversationId, UserId } from "./ids.js";
import { MENTIONS_UNREAD_MAX, SHARED_UNREAD_MAX } from "./limits.js";
import { draftOf, filled } from "./codec/schema.js";
import { type Event, type Message, ConversationEntry } from "./model.js";
import { isSignal, mentionsUser } from "./content-kinds.js";

/** Beyond this many ranges the oldest ones are taken as read: someone wrote that often without reading. */
export const UNREAD_RANGES_MAX = 128;

/** An event says what it says with one of its fields. */
interface EventPart {
  readonly conversationId?: ConversationId;
  readonly message?: Pick<Message, "conversationId">;
}

/** The conversation that an event is about; undefined when it is of the user, of a module, or unknown here. */
export function conversationOf(event: Event): ConversationId | undefined {
  // By far the most common.
  if (event.message !== undefined) return event.message.conversationId;
  if (event.module !== undefined) return undefined;
  for (const part of Object.values(event) as readonly (EventPart | undefined)[]) {
    const conversationId = part?.conversationId || part?.message?.conversationId;
    if (conversationId) return conversationId;
  }
  return undefined;
}

/** An entry before any event. */
export function emptyEntry(conversationId: ConversationId): ConversationEntry {
  return filled(ConversationEntry, { conversationId, firstVisible: 1, isMember: true });
}

/** The entry of user `self` after an event of the same conversation. */
export function applyEvent(entry: ConversationEntry, event: Event, self: UserId): ConversationEntry {
  const after = withEvent(entry, event, self);
  return after.isShared && after !== entry ? settledShared(after) : after;
}

/**
 * Of a large group: read is everything before the first unread message, or everything. Otherwise it would depend on
 * what came first whether one's own message, or a notice, moved the marker.
 */
function settledShared(entry: ConversationEntry): ConversationEntry {
  const { lastSequence, readSequence } = entry;
  const ranges = rangesFrom(entry.unreadRanges, lastSequence - SHARED_UNREAD_MAX + 1);
  return {
    ...entry,
    unreadRanges: ranges,
    unread: countOf(ranges),
    unreadMentions: mentionsIn(entry.unreadMentions, ranges),
    readSequence: Math.max(readSequence, ranges.length === 0 ? lastSequence : ranges[0]! - 1),
    hiddenAhead: stillAhead(entry.hiddenAhead, lastSequence),
    reactedAhead: stillAhead(entry.reactedAhead, lastSequence),
  };
}

function stillAhead(sequences: readonly number[], lastSequence: number): readonly number[] {
  // Nearly always.
  return sequences.length === 0 ? sequences : sequences.filter((sequence) => sequence > lastSequence);
}

function withEvent(entry: ConversationEntry, event: Event, self: UserId): ConversationEntry {
  if (event.message !== undefined) return withMessage(entry, event.message, self);
  if (event.read !== undefined) return withRead(entry, event.read.sequence);
  if (event.hidden !== undefined) return withHidden(entry, event.hidden.sequences);
  if (event.joined !== undefined) return withMembership(entry, event.joined);
  if (event.left !== undefined) return withoutMembership(entry, event.left);
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
  if (event.changed?.message !== undefined) return withChange(entry, event.changed.message, self);
  if (event.voided !== undefined) return withSilent(entry, event.voided.sequence);
  if (event.shared !== undefined && !entry.isShared)
    return { ...entry, isShared: true, topicPts: event.shared.topicPts };
  if (event.group?.info !== undefined) return withInfo(entry, event.group.info);
  if (event.members !== undefined && event.members.revision > entry.membersRevision)
    return { ...entry, membersRevision: event.members.revision };
  if (event.settings !== undefined) return withSettings(entry, event.settings);
  if (event.listPinned !== undefined) return withPin(entry, event.listPinned.pinnedMs);
  return entry;
}

function withSettings(
  entry: ConversationEntry,
  { level, mutedUntilMs }: NonNullable<Event["settings"]>,
): ConversationEntry {
  if (entry.notifyLevel === level && entry.mutedUntilMs === mutedUntilMs) return entry;
  return { ...entry, notifyLevel: level, mutedUntilMs };
}

/** Who pins what is pinned leaves it where it is. */
function withPin(entry: ConversationEntry, pinnedMs: number): ConversationEntry {
  return entry.pinnedMs > 0 === pinnedMs > 0 ? entry : { ...entry, pinnedMs };
}

function withInfo(entry: ConversationEntry, info: GroupInfo): ConversationEntry {
  if (info.revision <= entry.groupRevision) return entry;
  return { ...entry, title: info.settings?.title ?? entry.title, groupRevision: info.revision };
}

function withMembership(entry: ConversationEntry, joined: NonNullable<Event["joined"]>): ConversationEntry {
  const { title, firstVisible, lastSequence, timeMs, isShared, topicPts } = joined;
  // A list may be ahead of the events that follow it, and what the topic told since does not come again.
  const isContained = entry.isShared && entry.isMember && isShared && entry.topicPts >= topicPts;
  if (isContained) return entry;
  return withRead(
    {
      ...entry,
      // A list may be ahead of what follows it in this too.
      title: joined.groupRevision >= entry.groupRevision ? title : entry.title,
      firstVisible,
      lastSequence: Math.max(entry.lastSequence, lastSequence),
      isMember: true,
      updatedMs: Math.max(entry.updatedMs, timeMs),
      isShared,
      topicPts,
      groupRevision: Math.max(entry.groupRevision, joined.groupRevision),
      membersRevision: Math.max(entry.membersRevision, joined.membersRevision),
    },
    lastSequence,
  );
}

/** Of a large group the event says all that remains: how far the topic was followed differs from device to device. */
function withoutMembership(entry: ConversationEntry, left: NonNullable<Event["left"]>): ConversationEntry {
  if (!left.isShared) return { ...entry, isMember: false };
  return {
    ...emptyEntry(entry.conversationId),
    title: left.title,
    firstVisible: left.firstVisible,
    lastSequence: left.sequence,
    readSequence: left.sequence,
    isMember: false,
    updatedMs: left.timeMs,
    isShared: true,
    // They come over the queue alone, as this event does.
    notifyLevel: entry.notifyLevel,
    mutedUntilMs: entry.mutedUntilMs,
    pinnedMs: entry.pinnedMs,
  };
}

function withMessage(entry: ConversationEntry, message: Message, self: UserId): ConversationEntry {
  if (message.sequence <= entry.lastSequence) return entry;
  if (isSignal(message.body)) return withSilent(entry, message.sequence);
  const isHidden = entry.hiddenAhead.length > 0 && entry.hiddenAhead.includes(message.sequence);
  // What was read before it came is known of large groups only.
  const isRead = message.sequence <= entry.readSequence || isHidden;
  const isUnread = message.isCountable && message.senderId !== self && !isRead;
  const hadReadAll = entry.unreadRanges.length === 0;
  const ranges = isUnread ? capped(withSequence(entry.unreadRanges, message.sequence)) : entry.unreadRanges;
  const after = draftOf(ConversationEntry, entry);
  after.lastSequence = message.sequence;
  after.lastMessage = isHidden ? undefined : message;
  after.updatedMs = message.timeMs;
  if (isUnread) {
    after.unreadRanges = ranges;
    after.unread = countOf(ranges);
    after.unreadMentions = mentionsWith(entry, message, self, ranges);
  } else if (hadReadAll) after.readSequence = Math.max(entry.readSequence, message.sequence);
  return after;
}

/** The conversation goes on by a place that shows nothing: only who has read everything has read that too. */
function withSilent(entry: ConversationEntry, sequence: number): ConversationEntry {
  if (sequence <= entry.lastSequence) return entry;
  const hadReadAll = entry.unreadRanges.length === 0;
  const readSequence = hadReadAll ? Math.max(entry.readSequence, sequence) : entry.readSequence;
  return { ...entry, lastSequence: sequence, readSequence };
}

function withRead(entry: ConversationEntry, sequence: number): ConversationEntry {
  // In a large group another device may have read what has not come here yet.
  const readSequence = entry.isShared ? sequence : Math.min(sequence, entry.lastSequence);
  if (readSequence <= entry.readSequence) return entry;
  const ranges = rangesFrom(entry.unreadRanges, readSequence + 1);
  const unreadMentions = mentionsIn(entry.unreadMentions, ranges);
  return { ...entry, readSequence, unreadRanges: ranges, unread: countOf(ranges), unreadMentions };
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
  const ahead = entry.isShared ? sequences.filter((sequence) => sequence > entry.lastSequence) : [];
  const isKnown = ahead.every((sequence) => entry.hiddenAhead.includes(sequence));
  if (ranges === entry.unreadRanges && lastMessage === entry.lastMessage && isKnown) return entry;
  const kept = capped(ranges);
  const hiddenAhead = isKnown ? entry.hiddenAhead : [...new Set([...entry.hiddenAhead, ...ahead])];
  const unreadMentions = mentionsIn(entry.unreadMentions, kept);
  return { ...entry, lastMessage, unreadRanges: kept, unread: countOf(kept), hiddenAhead, unreadMentions };
}

/** What was recalled is not waited for any more: it leaves the unread messages as a hidden one does. An edit may mention or not. */
function withChange(entry: ConversationEntry, message: Message, self: UserId): ConversationEntry {
  const { lastMessage } = entry;
  const isNewer =
    lastMessage !== undefined &&
    lastMessage.sequence === message.sequence &&
    lastMessage.revision < message.revision;
  const ranges =
    message.recall === undefined
      ? entry.unreadRanges
      : capped(withoutSequence(entry.unreadRanges, message.sequence));
  const unreadMentions = mentionsWith(entry, message, self, ranges);
  if (!isNewer && ranges === entry.unreadRanges && unreadMentions === entry.unreadMentions) return entry;
  return {
    ...entry,
    lastMessage: isNewer ? message : lastMessage,
    unreadRanges: ranges,
    unread: countOf(ranges),
    unreadMentions,
  };
}

/** The mentions when this message is as it is now and these ranges are unread; the same array when nothing changed. */
function mentionsWith(
  { unreadMentions, isShared }: ConversationEntry,
  { sequence, body }: Message,
  self: UserId,
  ranges: readonly number[],
): readonly number[] {
  const isMention = mentionsUser(body, self) && isWithin(ranges, sequence);
  const kept = mentionsIn(unreadMentions, ranges);
  if (isMention === kept.includes(sequence)) return kept;
  if (!isMention) return kept.filter((each) => each !== sequence);
  const grown = [...kept, sequence];
  if (sequence < (kept.at(-1) ?? 0)) grown.sort((one, other) => one - other);
  // Of a large group all that may count as unread: which ones were dropped could not be computed from the messages.
  return isShared ? grown : grown.slice(-MENTIONS_UNREAD_MAX);
}

/** Of the mentions those that are unread; the same array when all are. */
function mentionsIn(mentions: readonly number[], ranges: readonly number[]): readonly number[] {
  if (mentions.every((sequence) => isWithin(ranges, sequence))) return mentions;
  return mentions.filter((sequence) => isWithin(ranges, sequence));
}

function isWithin(ranges: readonly number[], sequence: number): boolean {
  for (let index = 0; index < ranges.length; index += 2)
    if (sequence >= ranges[index]! && sequence <= ranges[index + 1]!) return true;
  return false;
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

/** What lies at `first` or above. */
function rangesFrom(ranges: readonly number[], first: number): readonly number[] {
  if (ranges.length === 0 || ranges[0]! >= first) return ranges;
  const rest: number[] = [];
  for (let index = 0; index < ranges.length; index += 2) {
    const last = ranges[index + 1]!;
    if (last >= first) rest.push(Math.max(ranges[index]!, first), last);
  }
  return rest;
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
