import assert from "node:assert/strict";
import { test } from "node:test";
import { DAYS_NEVER, HeadRow } from "@parley/domain";
import { type ConversationId, decode, digestOf, Event } from "@parley/protocol";
import { CONVERSATION_HEAD, conversationPartition } from "./conversation-tables.js";
import { CONVERSATION, readerOf, SESSION } from "./testing/history-bench.js";
import { MessageBench, TENANT } from "./testing/message-bench.js";

const NEWEST = { before: 0, after: 0, atMs: 0, limit: 200, isForward: false };

async function talk(bench: MessageBench, count: number): Promise<ConversationId> {
  const conversationId = await bench.group("ann", "bob");
  for (let number = 1; number <= count; number++) {
    await bench.run(bench.send(bench.session("ann"), conversationId, number));
  }
  return conversationId;
}

test("what is trimmed is not seen any more, by page, digest or sender, nor by who joins later", async () => {
  const bench = new MessageBench();
  const conversationId = await talk(bench, 5);
  await bench.run(bench.life.keeping.trim({ tenantId: TENANT, conversationId }, 4));
  const change = { conversationId, userIds: ["cy" as never], isRemoval: false };
  await bench.run(bench.message.changeMembers(bench.session("ann"), change));
  const seen: unknown[] = [];
  for (const name of ["ann", "bob", "cy"]) {
    const session = bench.session(name);
    const page = await bench.run(bench.message.history(session, { conversationId, ...NEWEST }));
    const digest = await bench.run(bench.message.digest(session, { conversationId, first: 1, last: 99 }));
    assert.equal(digest.digest, digestOf(page.messages));
    seen.push([page.firstVisible, page.first, page.messages.map(({ sequence }) => sequence), digest.count]);
  }
  const whole = [4, 4, [4, 5, 6, 7], 4];
  assert.deepEqual(seen, [whole, whole, whole]);
});

test("every way of paging begins where messages are kept", async () => {
  const times = [1000, 2000, 3000, 4000].map((timeMs) => ({ timeMs }));
  const reader = readerOf(times, [], 3);
  const requests = [{ before: 4 }, { isForward: true }, { atMs: 1 }, { before: 3 }, {}];
  const spans = [];
  for (const request of requests) {
    const page = await reader.page(SESSION, { conversationId: CONVERSATION, ...NEWEST, ...request });
    spans.push([page.first, page.last, page.messages.map(({ sequence }) => sequence)]);
  }
  const all = [3, 4, [3, 4]];
  assert.deepEqual(spans, [[3, 3, [3]], all, all, [3, 2, []], all]);
});

test("a trim is told to all members, once, also when it is repeated after a crash", async () => {
  const bench = new MessageBench();
  const conversationId = await talk(bench, 3);
  const key = { tenantId: TENANT, conversationId };
  await bench.run(bench.life.keeping.trim(key, 3));
  await bench.crash();
  await bench.run(bench.life.processor.recovered());
  await bench.run(bench.life.keeping.trim(key, 3));
  const told = Object.values(bench.emitted())
    .flat()
    .map((line) => line.split(" "))
    .map(([names, hex]) => ({ names, event: decode(Event, Buffer.from(hex!, "hex")) }))
    .filter(({ event }) => event.trimmed !== undefined)
    .map(({ names, event }) => [names, event.trimmed]);
  assert.deepEqual(told, [["ann,bob", { conversationId, firstVisible: 3 }]]);
});

test("how long a conversation is kept stands in its head", async () => {
  const bench = new MessageBench();
  const conversationId = await talk(bench, 1);
  const key = { tenantId: TENANT, conversationId };
  await bench.run(bench.life.keeping.setKeeping(key, { keepDays: 90, coldAfterDays: DAYS_NEVER }));
  await bench.restart();
  const value = await bench.run(bench.life.tables.find(CONVERSATION_HEAD, conversationPartition(key), []));
  const { keepDays, coldAfterDays } = decode(HeadRow, value!);
  assert.deepEqual([keepDays, coldAfterDays], [90, DAYS_NEVER]);
});

test("numbers that are none and conversations that are not there are refused", async () => {
  const bench = new MessageBench();
  const conversationId = await talk(bench, 1);
  const key = { tenantId: TENANT, conversationId };
  const unknown = { tenantId: TENANT, conversationId: "g:none" as ConversationId };
  const { keeping } = bench.life;
  const codes = [];
  for (const before of [0, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    codes.push(await bench.codeOf(keeping.trim(key, before)));
  }
  for (const days of [-1, 0.5, DAYS_NEVER + 1]) {
    codes.push(await bench.codeOf(keeping.setKeeping(key, { keepDays: days, coldAfterDays: 0 })));
    codes.push(await bench.codeOf(keeping.setKeeping(key, { keepDays: 0, coldAfterDays: days })));
  }
  assert.deepEqual(new Set(codes), new Set(["bad-request"]));
  assert.deepEqual(
    [
      await bench.codeOf(keeping.trim(unknown, 1)),
      await bench.codeOf(keeping.setKeeping(unknown, { keepDays: 1, coldAfterDays: 1 })),
      await bench.codeOf(keeping.trim(key, Number.MAX_SAFE_INTEGER)),
    ],
    ["conversation-unknown", "conversation-unknown", "ok"],
  );
});
