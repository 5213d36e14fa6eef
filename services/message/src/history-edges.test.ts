import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock, Scheduler } from "@parley/base";
import { HeadRow, MemberRow } from "@parley/domain";
import {
  type ConversationId,
  type DeviceId,
  type SessionId,
  type TenantId,
  type UserId,
  Message,
  encode,
} from "@parley/protocol";
import { MemoryTableStore, MemoryTables, WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  conversationPartition,
} from "./conversation-tables.js";
import { HistoryReader } from "./history.js";

const LARGEST = Number.MAX_SAFE_INTEGER;
const conversationId = "g:team" as ConversationId;
const session = {
  tenantId: "acme" as TenantId,
  userId: "ann" as UserId,
  deviceId: "d" as DeviceId,
  sessionId: "s" as SessionId,
  expiresAtMs: 1,
};
const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0 };
/** Nothing is ever flushed: all rows stay staged. */
const scheduler: Scheduler = {
  after: () => ({ cancel: () => undefined }),
  every: () => ({ cancel: () => undefined }),
  soon: () => undefined,
};

/** A reader of a conversation with messages 1 to 3. */
function readerOfThree(): HistoryReader {
  const tables = new WriteBackTables({
    tables: new MemoryTables(new MemoryTableStore(), clock),
    clock,
    scheduler,
    onFailure: (failure) => {
      throw failure;
    },
  });
  const partition = conversationPartition({ tenantId: session.tenantId, conversationId });
  const messages = [1, 2, 3].map((sequence) => ({
    kind: "put" as const,
    table: CONVERSATION_MESSAGE,
    sort: [sequence],
    value: encode(Message, { conversationId, sequence, timeMs: sequence * 1000 }),
  }));
  const head = encode(HeadRow, { lastSequence: 3 });
  const member = encode(MemberRow, { role: "member", firstVisible: 1 });
  tables.stage({
    partition,
    writes: [
      { kind: "put", table: CONVERSATION_HEAD, sort: [], value: head },
      { kind: "put", table: CONVERSATION_MEMBER, sort: [session.userId], value: member },
      ...messages,
    ],
  });
  return new HistoryReader(tables, { hiddenSequences: async () => [] });
}

test("a page at the edges of the numbers is exact or empty, and can be written", async () => {
  const reader = readerOfThree();
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
