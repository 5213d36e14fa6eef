import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { PendingMessage, Timeline } from "@parley/client";
import { type ConversationId, filled, Message } from "@parley/protocol";
import { isOnlyNews } from "./only-news.js";

function timeline(first: number, last: number, more: Partial<Timeline> = {}): Timeline {
  const length = Math.max(0, last - first + 1);
  const messages = Array.from({ length }, (_, index) => filled(Message, { sequence: first + index }));
  const conversationId = "g:one" as ConversationId;
  return { conversationId, messages, pending: [], isAtBeginning: false, isAtEnd: true, ...more };
}

test("what comes at the end may wait, also when the beginning is lost by it", () => {
  const shown = timeline(10, 20);
  deepEqual(
    [timeline(10, 20), timeline(10, 30), timeline(15, 40)].map((newest) => isOnlyNews(shown, newest)),
    [true, true, true],
  );
});

test("what somebody asked for may not", () => {
  const shown = timeline(10, 20);
  const newest = [
    undefined,
    timeline(5, 20),
    timeline(40, 50),
    timeline(1, 0),
    timeline(10, 20, { pending: [{} as PendingMessage] }),
    timeline(10, 20, { isAtEnd: false }),
    timeline(10, 20, { isAtBeginning: true }),
  ];
  deepEqual(
    [...newest.map((next) => isOnlyNews(shown, next)), isOnlyNews(undefined, shown)],
    [...newest.map(() => false), false],
  );
});
