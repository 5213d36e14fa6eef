import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  Body,
  type Init,
  type Message,
  type UserId,
  directConversationId,
  filled,
  textBody,
} from "@parley/protocol";
import { CONVERSATION, SESSION, indexedReaderOf } from "./testing/history-bench.js";
import type { HistoryReader } from "./history.js";

const ANN = "ann" as UserId;
const NOTICE = filled(Body, {
  notice: { code: "members-added", actorId: ANN, userIds: [], text: "", untilMs: 0 },
});

function by(sender: string, more: Init<Message> = {}): Init<Message> {
  const body = textBody("hi");
  return { senderId: sender as UserId, timeMs: 1000, body, ...more };
}

const MESSAGES = [
  by("ann"),
  by("bob"),
  by("anna"),
  by("ann", { body: NOTICE }),
  by("ann"),
  by("bob"),
  by("ann"),
];

/** All pages of what Ann wrote, as sequences. */
async function pages(reader: HistoryReader, limit: number): Promise<readonly (readonly number[])[]> {
  const found: number[][] = [];
  let before = 0;
  do {
    const request = { conversationId: CONVERSATION, senderId: ANN, before, limit };
    const page = await reader.bySender(SESSION, request);
    found.push(page.messages.map(({ sequence }) => sequence));
    ({ before } = page);
  } while (before > 0);
  return found;
}

test("what a member wrote is found newest first, page by page, stored, staged, and while the index is built", async () => {
  for (const storedCount of [0, 3, 7]) {
    for (const isIndexed of [true, false]) {
      const reader = await indexedReaderOf(MESSAGES, { storedCount, isIndexed });
      assert.deepEqual(await pages(reader, 100), [[7, 5, 1]]);
      assert.deepEqual(await pages(reader, 2), [[7, 5], [1]]);
    }
  }
});

test("a page of what a member wrote leaves out what the reader has hidden, and goes on", async () => {
  const reader = await indexedReaderOf(MESSAGES, { storedCount: 4, isIndexed: true }, [7, 5]);
  assert.deepEqual(await pages(reader, 2), [[], [1]]);
});

test("direct conversations are not searched by sender", async () => {
  const conversationId = directConversationId(ANN, "bob" as UserId);
  const reader = await indexedReaderOf([by("ann", { conversationId })], { storedCount: 0, isIndexed: true });
  assert.deepEqual(await pages(reader, 2), [[]]);
});

test("who is not in a conversation finds nothing in it", async () => {
  const reader = await indexedReaderOf(MESSAGES, { storedCount: 0, isIndexed: true });
  const request = { conversationId: CONVERSATION, senderId: ANN, before: 0, limit: 9 };
  await assert.rejects(
    reader.bySender({ ...SESSION, userId: "eve" as UserId }, request),
    (error) => failureCode(error) === "not-a-member",
  );
});
