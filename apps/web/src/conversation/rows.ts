/**
 * The rows of the message list. One message is one row, whatever is drawn above it: so the number of rows added before
 * or after what is on the screen is the number of messages, and the list can keep its place.
 */
import type { PendingMessage, Timeline } from "@parley/client";
import type { Message, UserId } from "@parley/protocol";

/** Messages of one person that are no further apart are one group. */
const GROUP_MS_MAX = 5 * 60 * 1000;

interface RowFrame {
  readonly key: string;
  readonly timeMs: number;
  /** Of the time; equal for times of the same day. */
  readonly dayNumber: number;
  /** A line with the day stands above it. */
  readonly isDayStart: boolean;
  /** The line "new messages" stands above it. */
  readonly isFirstUnread: boolean;
  /** The sender is named, and there is room above. */
  readonly isGroupStart: boolean;
}

export type Row =
  | (RowFrame & { readonly kind: "message"; readonly message: Message; readonly isOwn: boolean })
  /** Also what was recalled: a line says so. */
  | (RowFrame & { readonly kind: "notice"; readonly message: Message })
  | (RowFrame & { readonly kind: "pending"; readonly pending: PendingMessage });

export interface RowsOptions {
  readonly self: UserId;
  /** The line "new messages" stands above the first message of others from here on. */
  readonly firstUnread?: number | undefined;
  /** Equal for times of the same day. */
  readonly dayNumber: (timeMs: number) => number;
}

/**
 * The rows of a timeline, in order. Those of `known`, made with the same options but for the line, are taken over where nothing changed:
 * what is drawn of the same row stays as it is.
 */
export function rowsOf(
  timeline: Pick<Timeline, "messages" | "pending">,
  options: RowsOptions,
  known: readonly Row[] = [],
): readonly Row[] {
  const rows: Row[] = [];
  const ahead = stepsAhead(known, timeline.messages);
  let isMarked = false;
  for (const [index, message] of timeline.messages.entries()) {
    const isOwn = message.senderId === options.self;
    const isFirstUnread: boolean =
      !isMarked && !isOwn && message.sequence >= (options.firstUnread ?? Infinity);
    isMarked ||= isFirstUnread;
    const [same, sameBefore] = [known[index + ahead], known[index + ahead - 1]];
    const isKnown = isOf(same, message) && same.isFirstUnread === isFirstUnread;
    const before = rows.at(-1);
    if (isKnown && before === sameBefore) {
      rows.push(same);
      continue;
    }
    const row = messageRow(message, before, { isOwn, isFirstUnread }, options);
    rows.push(isKnown && isDrawnAs(same, row) ? same : row);
  }
  for (const pending of timeline.pending) {
    // A device's clock may stand before the server's: what is pending never begins an earlier day.
    const timeMs = Math.max(pending.createdMs, rows.at(-1)?.timeMs ?? 0);
    const frame = frameOf(rows.at(-1), timeMs, options.self, options);
    const key = `pending ${pending.clientMessageId}`;
    rows.push({ ...frame, kind: "pending", key, pending, isFirstUnread: false });
  }
  return rows;
}

/** How much further on in `known` the row of a message is than in the messages: they have begun earlier since, or later. */
function stepsAhead(known: readonly Row[], messages: readonly Message[]): number {
  const [first, begin] = [known[0], messages[0]];
  if (begin === undefined || isOf(first, begin)) return 0;
  const lost = known.findIndex((row) => isOf(row, begin));
  if (lost > 0) return lost;
  return -Math.max(
    0,
    messages.findIndex((message) => isOf(first, message)),
  );
}

function isOf(row: Row | undefined, message: Message): row is Exclude<Row, { kind: "pending" }> {
  return row !== undefined && row.kind !== "pending" && row.message === message;
}

/** Of rows of the same message. */
function isDrawnAs(one: Row, other: Row): boolean {
  return one.isDayStart === other.isDayStart && one.isGroupStart === other.isGroupStart;
}

function messageRow(
  message: Message,
  before: Row | undefined,
  { isOwn, isFirstUnread }: { readonly isOwn: boolean; readonly isFirstUnread: boolean },
  options: RowsOptions,
): Row {
  const isNotice = message.body?.notice !== undefined || message.recall !== undefined;
  const frame = frameOf(before, message.timeMs, isNotice ? "" : message.senderId, options);
  const row: RowFrame & { readonly message: Message } = {
    ...frame,
    key: message.messageId,
    message,
    isFirstUnread,
    isGroupStart: frame.isGroupStart || isFirstUnread,
  };
  return isNotice ? { ...row, kind: "notice" } : { ...row, kind: "message", isOwn };
}

/** The row of the first unread message, or -1. */
export function firstUnreadIndex(rows: readonly Row[]): number {
  return rows.findIndex(({ isFirstUnread }) => isFirstUnread);
}

/** The row of a message, or of the first one after it when it is not there; -1 when there is none. */
export function indexOfSequence(rows: readonly Row[], sequence: number | undefined): number {
  if (sequence === undefined) return -1;
  return rows.findIndex((row) => row.kind !== "pending" && row.message.sequence >= sequence);
}

/** The sequence of the last placed message at or before a row; 0 when there is none. */
export function sequenceUpTo(rows: readonly Row[], index: number): number {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at--) {
    const row = rows[at];
    if (row !== undefined && row.kind !== "pending") return row.message.sequence;
  }
  return 0;
}

function frameOf(
  before: Row | undefined,
  timeMs: number,
  senderId: string,
  options: RowsOptions,
): Pick<RowFrame, "timeMs" | "dayNumber" | "isDayStart" | "isGroupStart"> {
  const dayNumber = options.dayNumber(timeMs);
  if (before === undefined) return { timeMs, dayNumber, isDayStart: true, isGroupStart: true };
  const isDayStart = dayNumber > before.dayNumber;
  const isSame = senderId !== "" && senderOf(before, options.self) === senderId;
  const isGroupStart = isDayStart || !isSame || timeMs - before.timeMs > GROUP_MS_MAX;
  return { timeMs, dayNumber, isDayStart, isGroupStart };
}

function senderOf(row: Row, self: UserId): string {
  if (row.kind === "pending") return self;
  return row.kind === "notice" ? "" : row.message.senderId;
}
