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

/** The rows of a timeline, in order. */
export function rowsOf(
  timeline: Pick<Timeline, "messages" | "pending">,
  options: RowsOptions,
): readonly Row[] {
  const rows: Row[] = [];
  let isMarked = false;
  for (const message of timeline.messages) {
    const isOwn = message.senderId === options.self;
    const isFirstUnread: boolean =
      !isMarked && !isOwn && message.sequence >= (options.firstUnread ?? Infinity);
    isMarked ||= isFirstUnread;
    const isNotice = message.body?.notice !== undefined || message.recall !== undefined;
    const frame = frameOf(rows.at(-1), message.timeMs, isNotice ? "" : message.senderId, options);
    const row: RowFrame & { readonly message: Message } = {
      ...frame,
      key: message.messageId,
      message,
      isFirstUnread,
      isGroupStart: frame.isGroupStart || isFirstUnread,
    };
    rows.push(isNotice ? { ...row, kind: "notice" } : { ...row, kind: "message", isOwn });
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
