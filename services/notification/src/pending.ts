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

export const NOTHING: PendingRow = { events: [], shownSequence: 0, isWithdrawn: false };

/** In their order. */
export function eventsOf({ events }: PendingRow): readonly PendingEvent[] {
  return Array.from({ length: events.length / 2 }, (_, index) => ({
    pts: events[index * 2]!,
    sequence: events[index * 2 + 1]!,
  }));
}

/** The row with these events; the same one when it has them already. */
export function withEvents(row: PendingRow, events: readonly PendingEvent[]): PendingRow {
  if (events.length * 2 === row.events.length) return row;
  return { ...row, events: events.slice(-EVENTS_MAX).flatMap(({ pts, sequence }) => [pts, sequence]) };
}

/** The place in the queue of the newest event that is to be told; 0 for none. */
export function newestPts({ events }: PendingRow): number {
  return events.at(-2) ?? 0;
}

/** Whether there is something to be sent. */
export function isDue({ events, isWithdrawn }: PendingRow): boolean {
  return events.length > 0 || isWithdrawn;
}

/** Writes the row as it is, or removes it when it says nothing. */
export function writeOf({ key, row }: Pick<Pending, "key" | "row">): Write {
  if (!isDue(row) && row.shownSequence === 0) return { kind: "delete", table: NOTIFY_PENDING, sort: [key] };
  return { kind: "put", table: NOTIFY_PENDING, sort: [key], value: encode(PendingRow, row) };
}

export function readPendingRow(value: Uint8Array): PendingRow {
  return decode(PendingRow, value);
}
