/** What waits to be told to one user about one conversation, as it is kept. */
import { bool, decode, encode, type Infer, schema, type SessionId, uint, uints } from "@parley/protocol";
import type { Timer } from "@parley/base";
import type { UserKey } from "@parley/contracts";
import type { TableSpec, Write } from "@parley/tables";

/** Partition (tenant, user), sort (key): PendingRow. The key is a conversation, or "~" and what a module says. */
export const NOTIFY_PENDING: TableSpec = { name: "notify-pending" };

export const PendingRow = schema("PendingRow", {
  /** What is to be told, in pairs: where its event is in the user's queue, and of a message its place in the conversation, else 0. */
  events: uints(1),
  /** The same of what came by the topic of a large group: where it is in the topic, and its place in the conversation. */
  topicEvents: uints(4),
  /** The newest message that devices may show a notification of; 0: none. */
  shownSequence: uint(2),
  /** What devices show is to be taken away. */
  isWithdrawn: bool(3),
});
export type PendingRow = Infer<typeof PendingRow>;

/** Events of one row: of more the newest ones. The newest that the rules allow is told. */
export const EVENTS_MAX = 32;

/** An event that is to be told. */
export interface PendingEvent {
  readonly pts: number;
  readonly sequence: number;
  /** It came by the topic, and `pts` is a place there. */
  readonly isTopic: boolean;
}

/** A row, and what is done about it. */
export interface Pending extends UserKey {
  readonly key: string;
  row: PendingRow;
  /** "resting": only to be taken away one day. */
  state: "resting" | "waiting" | "queued" | "sending";
  timer: Timer | undefined;
  /** Of this event or withdrawal: failed tries, and the sessions that are done with. */
  attempts: number;
  readonly done: Set<SessionId>;
  /** The sender talks to everybody: others come first. */
  isLow: boolean;
  /** When it was told last; for the gap to the next. */
  toldMs: number;
  /** Something new came while it was sent. */
  hasChanged: boolean;
}

/** A pending one that nothing is done about yet. */
export function newPending({ tenantId, userId }: UserKey, key: string, row: PendingRow): Pending {
  return {
    tenantId,
    userId,
    key,
    row,
    state: "resting",
    timer: undefined,
    attempts: 0,
    done: new Set(),
    isLow: false,
    toldMs: Number.NEGATIVE_INFINITY,
    hasChanged: false,
  };
}

export const NOTHING: PendingRow = { events: [], topicEvents: [], shownSequence: 0, isWithdrawn: false };

/** In their order: a group that has become a large one stays one, so what came by the topic is newer. */
export function eventsOf({ events, topicEvents }: PendingRow): readonly PendingEvent[] {
  const queued = inPairs(events, false);
  return topicEvents.length === 0 ? queued : [...queued, ...inPairs(topicEvents, true)];
}

/** The row with these events, which are in their order, of too many the newest; the same one when it has so many already. */
export function withEvents(row: PendingRow, events: readonly PendingEvent[]): PendingRow {
  if (events.length === countOf(row)) return row;
  return replacedEvents(row, events);
}

/** The row with one event more, in its place; the same one when it has it already. */
export function withEvent(row: PendingRow, event: PendingEvent): PendingRow {
  const before = eventsOf(row);
  const isKnown = ({ pts, isTopic }: PendingEvent): boolean => pts === event.pts && isTopic === event.isTopic;
  if (before.some(isKnown)) return row;
  const last = before.at(-1);
  const isNewest = last === undefined || last.isTopic !== event.isTopic || last.pts < event.pts;
  const events = [...before, event];
  if (!isNewest)
    events.sort((one, other) => Number(one.isTopic) - Number(other.isTopic) || one.pts - other.pts);
  return replacedEvents(row, events);
}

/** Where the newest event that is to be told is in the queue, or in the topic; 0 for none. */
export function newestPts({ events, topicEvents }: PendingRow): number {
  return topicEvents.at(-2) ?? events.at(-2) ?? 0;
}

/** Whether there is an event that is to be told. */
export function hasEvents(row: PendingRow): boolean {
  return countOf(row) > 0;
}

/** Whether there is something to be sent. */
export function isDue(row: PendingRow): boolean {
  return hasEvents(row) || row.isWithdrawn;
}

/** Writes the row as it is, or removes it when it says nothing. */
export function writeOf({ key, row }: Pick<Pending, "key" | "row">): Write {
  if (!isDue(row) && row.shownSequence === 0) return { kind: "delete", table: NOTIFY_PENDING, sort: [key] };
  return { kind: "put", table: NOTIFY_PENDING, sort: [key], value: encode(PendingRow, row) };
}

export function readPendingRow(value: Uint8Array): PendingRow {
  return decode(PendingRow, value);
}

function countOf({ events, topicEvents }: PendingRow): number {
  return (events.length + topicEvents.length) / 2;
}

function replacedEvents(row: PendingRow, events: readonly PendingEvent[]): PendingRow {
  const pairsOf = (isTopic: boolean): readonly number[] =>
    kept.flatMap((event) => (event.isTopic === isTopic ? [event.pts, event.sequence] : []));
  const kept = events.slice(-EVENTS_MAX);
  return { ...row, events: pairsOf(false), topicEvents: pairsOf(true) };
}

function inPairs(events: readonly number[], isTopic: boolean): readonly PendingEvent[] {
  return Array.from({ length: events.length / 2 }, (_, index) => ({
    pts: events[index * 2]!,
    sequence: events[index * 2 + 1]!,
    isTopic,
  }));
}
