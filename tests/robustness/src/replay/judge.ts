/**
 * Compares what all devices hold, what the server shows afresh and what was sent. Pure: it returns complaints.
 *
 *   1. A sequence of a conversation means the same message for everybody, and a message has one sequence.
 *   2. A member sees every sequence from the first visible to the last but those it deleted for itself.
 *   3. Every text that was given to the SDK is there once, as given, from whom it was; nothing else is.
 *   4. Texts that one device gave to one conversation stand in the order of giving.
 *   5. Both devices of a user hold what the server shows afresh: messages, list and unread counts.
 *   6. Unread counts of members equal a recount.
 *
 * Every device has settled before, so every text given to one has been acknowledged: rule 3 is also "nothing that was
 * acknowledged is lost".
 */
import { isDeepStrictEqual } from "node:util";
import {
  type ConversationEntry,
  type ConversationId,
  type Message,
  UNREAD_RANGES_MAX,
  type UserId,
} from "@parley/protocol";
import type { SentText } from "./device.js";
import type { FreshView } from "./fresh-view.js";

export interface DeviceView {
  readonly name: string;
  readonly sent: readonly SentText[];
  readonly entries: readonly ConversationEntry[];
  readonly messages: ReadonlyMap<ConversationId, readonly Message[]>;
}

export interface UserView {
  readonly userId: UserId;
  readonly fresh: FreshView;
  readonly devices: readonly DeviceView[];
  /** Sequences whose deletion was confirmed, and those where the answer was lost. */
  readonly hidden: ReadonlyMap<ConversationId, ReadonlySet<number>>;
  readonly maybeHidden: ReadonlyMap<ConversationId, ReadonlySet<number>>;
}

type Complain = (complaint: string) => void;
type Union = ReadonlyMap<ConversationId, ReadonlyMap<number, Message>>;

export function judge(users: readonly UserView[]): string[] {
  // What two users see is said once.
  const complaints = new Set<string>();
  const complain: Complain = (complaint) => void complaints.add(complaint);
  const union = unite(users, complain);
  for (const user of users) {
    for (const entry of user.fresh.entries) if (entry.isMember) judgeEntry(user, entry, complain);
    for (const device of user.devices) judgeDevice(user, device, complain);
  }
  judgeSent(users, union, complain);
  return [...complaints];
}

/** Whether a device's list says what the server's says. Their order among equals is free. */
export function isSameList(
  mine: readonly ConversationEntry[],
  theirs: readonly ConversationEntry[],
): boolean {
  return isDeepStrictEqual(byId(mine), byId(theirs));
}

/** Rule 1. */
function unite(users: readonly UserView[], complain: Complain): Union {
  const union = new Map<ConversationId, Map<number, Message>>();
  const places = new Map<string, string>();
  for (const { userId, fresh } of users) {
    for (const [conversationId, messages] of fresh.messages) {
      const known = union.get(conversationId) ?? new Map<number, Message>();
      union.set(conversationId, known);
      for (const message of messages) {
        const place = `${conversationId} ${message.sequence}`;
        const other = known.get(message.sequence) ?? message;
        if (!isDeepStrictEqual(other, message)) complain(`${userId} sees another message at ${place}.`);
        known.set(message.sequence, message);
        const taken = places.get(message.messageId) ?? place;
        places.set(message.messageId, taken);
        if (taken !== place) complain(`Message ${message.messageId} is at ${taken} and ${place}.`);
      }
    }
  }
  return union;
}

/** Rules 2 and 6. */
function judgeEntry(user: UserView, entry: ConversationEntry, complain: Complain): void {
  const { conversationId, firstVisible, lastSequence } = entry;
  const where = `${user.userId} in ${conversationId}`;
  const messages = user.fresh.messages.get(conversationId) ?? [];
  const seen = messages.map(({ sequence }) => sequence);
  if (seen.some((sequence, index) => index > 0 && sequence <= (seen[index - 1] ?? 0)))
    complain(`${where}: history is not ascending.`);
  if (seen.some((sequence) => sequence > lastSequence || sequence < firstVisible))
    complain(`${where}: history leaves ${firstVisible} to ${lastSequence}.`);
  const present = new Set(seen);
  const hidden = user.hidden.get(conversationId);
  const maybe = user.maybeHidden.get(conversationId);
  for (let sequence = firstVisible; sequence <= lastSequence; sequence++) {
    const isHidden = hidden?.has(sequence) === true;
    if (present.has(sequence) && isHidden) complain(`${where}: ${sequence} was deleted and is shown.`);
    if (!present.has(sequence) && !isHidden && maybe?.has(sequence) !== true)
      complain(`${where}: ${sequence} is missing.`);
  }
  const recount = messages.filter(
    ({ sequence, isCountable, senderId }) =>
      sequence >= unreadFrom(entry) && isCountable && senderId !== user.userId,
  ).length;
  if (recount !== entry.unread) complain(`${where}: unread is ${entry.unread}, a recount gives ${recount}.`);
}

/** A list of as many ranges as there may be has given up its oldest ones: they count as read. */
function unreadFrom({ unreadRanges, readSequence }: ConversationEntry): number {
  const isCapped = unreadRanges.length >= UNREAD_RANGES_MAX * 2;
  return isCapped ? (unreadRanges[0] ?? 0) : readSequence + 1;
}

/** Rule 5. */
function judgeDevice(user: UserView, device: DeviceView, complain: Complain): void {
  for (const [conversationId, messages] of user.fresh.messages) {
    const held = device.messages.get(conversationId) ?? [];
    if (isDeepStrictEqual(held, messages)) continue;
    complain(`${device.name}: ${conversationId} differs from the server: ${firstDifference(held, messages)}`);
  }
  const mine = byId(device.entries);
  const theirs = byId(user.fresh.entries);
  for (const conversationId of new Set([...mine.keys(), ...theirs.keys()])) {
    const held = mine.get(conversationId);
    const shown = theirs.get(conversationId);
    if (isDeepStrictEqual(held, shown)) continue;
    complain(
      `${device.name}: entry ${conversationId} is ${JSON.stringify(held)} and not ${JSON.stringify(shown)}.`,
    );
  }
  const isOrdered = device.entries.every(
    (entry, index) => index === 0 || entry.updatedMs <= (device.entries[index - 1]?.updatedMs ?? 0),
  );
  if (!isOrdered) complain(`${device.name}: the list is not in the order of change.`);
}

/** Rules 3 and 4. */
function judgeSent(users: readonly UserView[], union: Union, complain: Complain): void {
  const placed = textsBySender(union);
  for (const user of users) {
    for (const { name, sent } of user.devices) {
      const last = new Map<ConversationId, number>();
      for (const { conversationId, clientMessageId, text } of sent) {
        const key = `${conversationId} ${user.userId} ${clientMessageId}`;
        const found = placed.get(key) ?? [];
        placed.delete(key);
        const what = `${name}: ${clientMessageId} in ${conversationId}`;
        const [message] = found;
        if (message === undefined) complain(`${what} is lost.`);
        else if (found.length > 1) complain(`${what} is there ${found.length} times.`);
        else if (message.body?.text?.text !== text) complain(`${what} has another text.`);
        else if (message.sequence <= (last.get(conversationId) ?? 0)) complain(`${what} came too late.`);
        if (message !== undefined) last.set(conversationId, message.sequence);
      }
    }
  }
  for (const key of placed.keys()) complain(`Nobody sent ${key}.`);
}

function textsBySender(union: Union): Map<string, readonly Message[]> {
  const found = new Map<string, readonly Message[]>();
  for (const messages of union.values()) {
    for (const message of messages.values()) {
      if (message.body?.text === undefined) continue;
      const key = `${message.conversationId} ${message.senderId} ${message.clientMessageId}`;
      found.set(key, [...(found.get(key) ?? []), message]);
    }
  }
  return found;
}

function byId(entries: readonly ConversationEntry[]): Map<ConversationId, ConversationEntry> {
  return new Map(entries.map((entry) => [entry.conversationId, entry]));
}

function firstDifference(held: readonly Message[], shown: readonly Message[]): string {
  const index = shown.findIndex((message, at) => !isDeepStrictEqual(message, held[at]));
  const at = index < 0 ? shown.length : index;
  const [mine, theirs] = [held[at], shown[at]];
  return (
    `${held.length} held, ${shown.length} shown, first at ${at}: ` +
    `${mine?.sequence ?? "nothing"} and ${theirs?.sequence ?? "nothing"}.`
  );
}
