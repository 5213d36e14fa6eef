import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { PendingMessage } from "@parley/client";
import type { ClientMessageId, ConversationId, Message, MessageId, UserId } from "@parley/protocol";
import { AS_SENT, Body, filled, textBody } from "@parley/protocol";
import { firstUnreadIndex, type Row, rowsOf, type RowsOptions, sequenceUpTo } from "./rows.js";

const GROUP = "g:one" as ConversationId;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const OPTIONS: RowsOptions = {
  self: "me" as UserId,
  dayNumber: (timeMs) => Math.floor(timeMs / DAY_MS),
};

function message(sequence: number, senderId: string, timeMs: number, isNotice = false): Message {
  const notice = { code: "joined", actorId: senderId as UserId, userIds: [], text: "", untilMs: 0 };
  return {
    conversationId: GROUP,
    sequence,
    messageId: `id-${sequence}` as MessageId,
    senderId: senderId as UserId,
    clientMessageId: `client-${sequence}` as ClientMessageId,
    timeMs,
    body: isNotice ? filled(Body, { notice }) : textBody(`text ${sequence}`),
    isCountable: !isNotice,
    ...AS_SENT,
  };
}

function pending(clientMessageId: string, createdMs: number): PendingMessage {
  const body = textBody(clientMessageId);
  return { conversationId: GROUP, clientMessageId, body, createdMs, state: "queued" };
}

function marksOf(row: Row): string {
  const marks = [row.kind, row.key];
  if (row.isDayStart) marks.push("day");
  if (row.isFirstUnread) marks.push("unread");
  if (row.isGroupStart) marks.push("group");
  return marks.join(" ");
}

test("what was recalled stays in its place as a line, and ends a group", () => {
  const recalled = {
    ...message(2, "ada", 1),
    body: undefined,
    recall: { actorId: "ada" as UserId, timeMs: 2 },
  };
  const messages = [message(1, "ada", 0), recalled, message(3, "ada", 2)];
  deepEqual(rowsOf({ messages, pending: [] }, OPTIONS).map(marksOf), [
    "message id-1 day group",
    "notice id-2 group",
    "message id-3 group",
  ]);
});

test("messages of one person close in time are one group, and others, notices and pauses end it", () => {
  const messages = [
    message(1, "ada", 0),
    message(2, "ada", 5 * MINUTE_MS),
    message(3, "me", 6 * MINUTE_MS),
    message(4, "me", 11 * MINUTE_MS + 1),
    message(5, "me", 12 * MINUTE_MS, true),
    message(6, "me", 12 * MINUTE_MS),
  ];
  deepEqual(rowsOf({ messages, pending: [] }, OPTIONS).map(marksOf), [
    "message id-1 day group",
    "message id-2",
    "message id-3 group",
    "message id-4 group",
    "notice id-5 group",
    "message id-6 group",
  ]);
});

test("a new day begins with a line and a group", () => {
  const messages = [message(1, "ada", DAY_MS - 1), message(2, "ada", DAY_MS)];
  deepEqual(rowsOf({ messages, pending: [] }, OPTIONS).map(marksOf), [
    "message id-1 day group",
    "message id-2 day group",
  ]);
});

test("the unread line stands above the first message of others from there on, once", () => {
  const messages = [message(1, "ada", 0), message(3, "me", 1), message(4, "ada", 2), message(5, "ada", 3)];
  const rows = rowsOf({ messages, pending: [] }, { ...OPTIONS, firstUnread: 2 });
  deepEqual(
    [rows.map(marksOf), firstUnreadIndex(rows), firstUnreadIndex(rowsOf({ messages, pending: [] }, OPTIONS))],
    [["message id-1 day group", "message id-3 group", "message id-4 unread group", "message id-5"], 2, -1],
  );
});

test("what is pending follows, and a clock that is behind begins no earlier day", () => {
  const messages = [message(1, "me", DAY_MS)];
  const rows = rowsOf({ messages, pending: [pending("a", DAY_MS - 5), pending("b", DAY_MS)] }, OPTIONS);
  deepEqual(rows.map(marksOf), ["message id-1 day group", "pending pending a", "pending pending b"]);
});

test("the newest sequence up to a row skips what has no place yet", () => {
  const rows = rowsOf(
    { messages: [message(7, "ada", 0), message(9, "ada", 1)], pending: [pending("a", 2)] },
    OPTIONS,
  );
  deepEqual(
    [-1, 0, 1, 2, 99].map((index) => sequenceUpTo(rows, index)),
    [0, 7, 9, 9, 9],
  );
});

test("rows that did not change are the same, whatever is added before or after them or lost", () => {
  const messages = Array.from({ length: 30 }, (_, index) =>
    message(index + 1, ["ada", "ben", "me"][index % 4 === 0 ? 0 : index % 3]!, index * 100_000),
  );
  const edited = messages.map((one) => (one.sequence === 15 ? { ...one, revision: 1 } : one));
  const base = rowsOf({ messages: messages.slice(5, 20), pending: [] }, OPTIONS);
  const cases = [
    messages.slice(5, 30),
    messages.slice(0, 20),
    messages.slice(10, 30),
    messages.slice(20, 30),
    messages.toSpliced(12, 1),
    edited.slice(5, 20),
    [],
  ].flatMap((next) => [undefined, 8].map((firstUnread) => ({ next, firstUnread })));
  for (const { next, firstUnread } of cases) {
    const timeline = { messages: next, pending: [pending("p", 0)] };
    const options = firstUnread === undefined ? OPTIONS : { ...OPTIONS, firstUnread };
    deepEqual(rowsOf(timeline, options, base), rowsOf(timeline, options));
  }
  const sameAs = (next: readonly Message[]): number =>
    rowsOf({ messages: next, pending: [] }, OPTIONS, base).filter((row) => base.includes(row)).length;
  // The first one of a timeline names its day; the one after it is not taken over either.
  deepEqual(
    [sameAs(messages.slice(5, 30)), sameAs(messages.slice(0, 20)), sameAs(messages.slice(10, 30))],
    [15, 14, 9],
  );
});
