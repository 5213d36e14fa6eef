/** Goal: damage in the store (a message changed, or missing in what is held) is found at the next start or by `verify`, and repaired. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { createClientBench, GROUP, OTHER, textsOf } from "../testing/client-bench.js";
import type { Message } from "@parley/protocol";

const TEXTS = Array.from({ length: 20 }, (_, index) => `text ${index}`);

/** A device that holds TEXTS and has stopped. */
async function stoppedBench() {
  const bench = createClientBench();
  for (const text of TEXTS) bench.world.post(GROUP, OTHER, text);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.client.stop();
  const messages = await bench.store.readMessages(GROUP, { first: 1, last: 20 });
  return { ...bench, messages };
}

test("a message that is missing in what is held is there again after the next start", async () => {
  const { store, time, restart } = await stoppedBench();
  await store.commit([{ kind: "delete-messages", conversationId: GROUP, first: 7, last: 7 }]);
  const client = restart();
  await client.start();
  await time.run(client.settled(60_000));
  await time.advance(100);
  await time.run(client.open(GROUP));
  deepEqual(textsOf(client, GROUP), TEXTS);
  await client.stop();
});

test("a message that says something else than it did is right again after the next start", async () => {
  const { store, messages, time, restart } = await stoppedBench();
  const damaged: Message = { ...messages[6]!, messageId: `${messages[6]!.messageId.slice(0, -1)}Z` as never };
  await store.commit([
    { kind: "delete-messages", conversationId: GROUP, first: 7, last: 7 },
    { kind: "put-messages", messages: [damaged] },
  ]);
  const client = restart();
  await client.start();
  await time.run(client.settled(60_000));
  await time.advance(100);
  const [repaired] = await store.readMessages(GROUP, { first: 7, last: 7 });
  deepEqual(repaired?.messageId, messages[6]!.messageId);
  await client.stop();
});

test("damage while the client runs is found by verify, and shown repaired", async () => {
  const { store, time, restart } = await stoppedBench();
  const client = restart();
  await client.start();
  await time.run(client.settled(60_000));
  await time.run(client.open(GROUP));
  await store.commit([{ kind: "delete-messages", conversationId: GROUP, first: 3, last: 5 }]);
  const found = [await time.run(client.verify(GROUP)), await time.run(client.verify(GROUP))];
  deepEqual([found, textsOf(client, GROUP)], [[true, false], TEXTS]);
  await client.stop();
});

test("a sound store costs one question for each conversation of the sample, and none later on", async () => {
  const { server, time, restart } = await stoppedBench();
  server.received.length = 0;
  const client = restart();
  await client.start();
  await time.run(client.settled(60_000));
  await time.advance(100);
  server.cut();
  await time.advance(5_000);
  deepEqual(
    [client.state, server.framesOf("getDigest").length, server.framesOf("getHistory").length],
    ["live", 1, 0],
  );
  await client.stop();
});

test("what a read of the store found to be damaged is fetched again at once, or with the next connection", async () => {
  const { store, server, time, restart } = await stoppedBench();
  const client = restart();
  await client.start();
  await time.run(client.settled(60_000));
  await time.advance(100);
  const lose = async (sequence: number): Promise<void> => {
    await store.commit([{ kind: "delete-messages", conversationId: GROUP, first: sequence, last: sequence }]);
    store.onDamage?.(GROUP, { first: sequence - 1, last: sequence + 1 });
  };
  const held = async (): Promise<number> => (await store.readMessages(GROUP, { first: 1, last: 20 })).length;
  await lose(7);
  await time.advance(100);
  const atOnce = await held();
  server.cut();
  await lose(9);
  const without = await held();
  await time.run(client.settled(60_000));
  await time.advance(100);
  deepEqual([atOnce, without, await held()], [20, 19, 20]);
  await client.stop();
});
