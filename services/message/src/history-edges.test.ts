import assert from "node:assert/strict";
import { test } from "node:test";
import { CONVERSATION as conversationId, SESSION as session, readerOf } from "./testing/history-bench.js";

const LARGEST = Number.MAX_SAFE_INTEGER;

test("a page at the edges of the numbers is exact or empty, and can be written", async () => {
  const reader = readerOf([{ timeMs: 1000 }, { timeMs: 2000 }, { timeMs: 3000 }]);
  const requests = [
    { after: LARGEST, isForward: true },
    { after: 2, isForward: true },
    { after: 3, isForward: true },
    { before: LARGEST },
    { before: 1 },
    { atMs: LARGEST },
    { limit: LARGEST },
  ];
  const spans = [];
  for (const request of requests) {
    const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 2, isForward: false, ...request };
    const { first, last, messages } = await reader.page(session, page);
    spans.push([first, last, messages.map(({ sequence }) => sequence)]);
  }
  assert.deepEqual(spans, [
    [4, 3, []],
    [3, 3, [3]],
    [4, 3, []],
    [2, 3, [2, 3]],
    [1, 0, []],
    [4, 3, []],
    [1, 3, [1, 2, 3]],
  ]);
});
