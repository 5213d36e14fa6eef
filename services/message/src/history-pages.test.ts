/**
 * Pages end before PAGE_BYTES_MAX. Goal: whatever the sizes, pages that follow each other hold every message once.
 * Method: follow them from one end to the other, as a client does, by `first` and `last` alone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryRequest, HistorySpan } from "@parley/contracts";
import {
  Body,
  type ClientMessageId,
  type Init,
  type Message,
  type MessageId,
  type UserId,
  DIGEST_SPAN_MAX,
  HISTORY_PAGE_MAX,
  PACKET_BYTES_MAX,
  PAGE_BYTES_MAX,
  TEXT_BYTES_MAX,
  digestOf,
  encodeFrame,
  filled,
  textBody,
} from "@parley/protocol";
import { CONVERSATION, SESSION, readerOf } from "./testing/history-bench.js";
import type { HistoryReader } from "./history.js";

const NEWEST: HistoryRequest = {
  conversationId: CONVERSATION,
  before: 0,
  after: 0,
  atMs: 0,
  limit: 0,
  isForward: false,
};
const LONGEST_ID = "x".repeat(64);

/** A message with a text of this many bytes, and everything else as long as it can be. */
function messageOf(textBytes: number, index: number): Init<Message> {
  return {
    messageId: String(index).padStart(26, "0") as MessageId,
    senderId: LONGEST_ID as UserId,
    clientMessageId: LONGEST_ID as ClientMessageId,
    timeMs: 1000 * (index + 1),
    body: textBody("t".repeat(textBytes)),
    isCountable: true,
  };
}

const largest = Array.from({ length: HISTORY_PAGE_MAX }, (_, index) => messageOf(TEXT_BYTES_MAX, index));
const mixed = Array.from({ length: 700 }, (_, index) => messageOf((index * 7919) % TEXT_BYTES_MAX, index));
const all = (messages: readonly unknown[]): readonly number[] => messages.map((_, index) => index + 1);

/** Pages from the newest to the oldest. */
async function back(reader: HistoryReader): Promise<readonly HistorySpan[]> {
  const pages = [await reader.page(SESSION, NEWEST)];
  while (pages[0]!.first > pages[0]!.firstVisible)
    pages.unshift(await reader.page(SESSION, { ...NEWEST, before: pages[0]!.first }));
  return pages;
}

/** Pages from the one that `start` gives to the newest. */
async function forward(
  reader: HistoryReader,
  start: Partial<HistoryRequest>,
): Promise<readonly HistorySpan[]> {
  const pages = [await reader.page(SESSION, { ...NEWEST, isForward: true, ...start })];
  while (pages.at(-1)!.last < pages[0]!.lastSequence)
    pages.push(await reader.page(SESSION, { ...NEWEST, isForward: true, after: pages.at(-1)!.last }));
  return pages;
}

const covered = (pages: readonly HistorySpan[]): readonly number[] =>
  pages.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
const held = (pages: readonly HistorySpan[]): readonly number[] =>
  pages.flatMap(({ messages }) => messages.map(({ sequence }) => sequence));
const packetBytes = (page: HistorySpan): number =>
  encodeFrame("historyPage", { requestId: Number.MAX_SAFE_INTEGER, ...page }).length;

for (const [what, messages] of Object.entries({ largest, mixed })) {
  test(`back through messages of ${what} size every one comes once`, async () => {
    const pages = await back(readerOf(messages));
    assert.deepEqual([covered(pages), held(pages)], [all(messages), all(messages)]);
  });

  test(`forward through messages of ${what} size every one comes once`, async () => {
    const pages = await forward(readerOf(messages), { after: 0 });
    assert.deepEqual([covered(pages), held(pages)], [all(messages), all(messages)]);
  });

  test(`from a time on through messages of ${what} size every one comes once`, async () => {
    const pages = await forward(readerOf(messages), { atMs: 49_500 });
    assert.deepEqual([covered(pages), held(pages)], [all(messages).slice(49), all(messages).slice(49)]);
  });

  test(`pages of messages of ${what} size are as full as they may be`, async () => {
    const reader = readerOf(messages);
    const pages = [await back(reader), await forward(reader, { after: 0 })];
    // The last page of a walk has what was left.
    const sizes = [...pages[0]!.slice(1), ...pages[1]!.slice(0, -1)].map(packetBytes);
    const isFull = (bytes: number): boolean =>
      bytes > PAGE_BYTES_MAX - TEXT_BYTES_MAX - 400 && bytes < PAGE_BYTES_MAX + HISTORY_PAGE_MAX * 4;
    assert.deepEqual(
      sizes.filter((bytes) => !isFull(bytes)),
      [],
    );
  });
}

test("a single item larger than a page is a page of its own, and a packet holds it", async () => {
  const userIds = Array.from({ length: 1600 }, () => LONGEST_ID as UserId);
  const notice = { code: "joined", actorId: LONGEST_ID as UserId, userIds, text: "", untilMs: 0 };
  const reader = readerOf([
    messageOf(10, 0),
    { ...messageOf(0, 1), body: filled(Body, { notice }) },
    messageOf(10, 2),
  ]);
  const pages = await back(reader);
  assert.deepEqual([pages.map(held1), packetBytes(pages[1]!) < PACKET_BYTES_MAX], [[[1], [2], [3]], true]);
});

function held1(page: HistorySpan): readonly number[] {
  return held([page]);
}

test("hidden messages are void on the page that covers them", async () => {
  const hidden = all(largest).filter((sequence) => sequence % 3 === 0 || sequence > 150);
  const reader = readerOf(largest, hidden);
  const shown = all(largest).filter((sequence) => !hidden.includes(sequence));
  const outcomes = [];
  for (const pages of [await back(reader), await forward(reader, { after: 0 })])
    outcomes.push([covered(pages), held(pages)]);
  assert.deepEqual(outcomes, [
    [all(largest), shown],
    [all(largest), shown],
  ]);
});

test("a digest covers its whole span, whatever the sizes", async () => {
  const reader = readerOf(largest, [7]);
  const items = largest
    .map(({ messageId }, index) => ({ sequence: index + 1, messageId: messageId!, revision: 0 }))
    .filter(({ sequence }) => sequence !== 7);
  const span = { conversationId: CONVERSATION, first: 1, last: DIGEST_SPAN_MAX };
  assert.deepEqual(await reader.digest(SESSION, span), { digest: digestOf(items), count: items.length });
});
