import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { MessageBench, TENANT } from "./testing/message-bench.js";

const conversationId = "g:old" as ConversationId;
const OLD_MS = 1_100_000_000_000;

function group(
  ...names: readonly string[]
): Parameters<MessageBench["life"]["importing"]["openImportedGroup"]>[1] {
  return { conversationId, title: "Old", userIds: names as readonly UserId[], timeMs: OLD_MS };
}

function batch(
  index: number,
  count: number,
  isLast = false,
): Parameters<MessageBench["life"]["importing"]["importHistory"]>[2] {
  const items = Array.from({ length: count }, (_, item) => ({
    senderId: "ann" as UserId,
    timeMs: OLD_MS + index + item,
    text: `line ${index + item}`,
  }));
  return { index, items, isLast };
}

test("history is brought in once, in order and with its times, also when it is resumed after a crash", async () => {
  const bench = new MessageBench();
  const counts = [await bench.run(bench.life.importing.openImportedGroup(TENANT, group("ann", "bob")))];
  await bench.run(bench.life.importing.importHistory(TENANT, conversationId, batch(0, 3)));
  await bench.crash();
  await bench.run(bench.life.processor.recovered());
  counts.push(await bench.run(bench.life.importing.openImportedGroup(TENANT, group("ann", "bob", "cy"))));
  const twice = await bench.codeOf(bench.life.importing.importHistory(TENANT, conversationId, batch(0, 3)));
  const hole = await bench.codeOf(bench.life.importing.importHistory(TENANT, conversationId, batch(4, 1)));
  await bench.run(bench.life.importing.importHistory(TENANT, conversationId, batch(3, 2, true)));
  const messages = await bench.history(bench.session("cy"), conversationId);
  assert.deepEqual(
    {
      counts,
      refused: [twice, hole],
      texts: messages.flatMap(({ body }) => body?.text?.text ?? []),
      times: messages.flatMap(({ body, timeMs }) => (body?.text === undefined ? [] : [timeMs - OLD_MS])),
    },
    {
      counts: [0, 3],
      refused: ["bad-request", "bad-request"],
      texts: ["line 0", "line 1", "line 2", "line 3", "line 4"],
      times: [0, 1, 2, 3, 4],
    },
  );
});
