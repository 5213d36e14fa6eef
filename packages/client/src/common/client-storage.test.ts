/** Goal: a store keeps to its budget, gives up only what nobody needs, and what was given up comes back when somebody looks at it. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import { manualAmbient } from "@parley/base/testing";
import { createClientBench, GROUP, GROUP_2, OTHER, SELF } from "../testing/client-bench.js";
import type { ConversationId } from "@parley/protocol";
import { createClient } from "./create-client.js";
import { createMemoryStore } from "./memory-store.js";
import type { ClientStore } from "./store.js";

const BUDGET_BYTES = 40_000;
const DAY_MS = 24 * 60 * 60_000;

/** A client that holds 300 messages of each of two groups, all of them read, and has looked at them a day ago. */
async function benchWithHistory(store: ClientStore = createMemoryStore()) {
  const bench = createClientBench(1, store);
  const { world, server, time } = bench;
  world.join(GROUP_2);
  for (const conversationId of [GROUP, GROUP_2])
    for (let index = 0; index < 300; index++) world.post(conversationId, OTHER, `text ${index}`);
  await bench.begin();
  for (const conversationId of [GROUP, GROUP_2]) {
    await time.run(bench.client.open(conversationId));
    await time.run(bench.client.loadOlder(conversationId, 100));
    await time.run(bench.client.loadOlder(conversationId, 100));
    await time.run(bench.client.loadOlder(conversationId, 100));
    bench.client.markRead(conversationId);
  }
  await bench.sync();
  await bench.client.stop();
  await time.advance(DAY_MS);
  const evicted: unknown[] = [];
  const client = createClient({
    url: "ws://test/v1/ws",
    token: "token",
    userId: SELF,
    store,
    storageBudget: async () => BUDGET_BYTES,
    transport: server,
    ambient: manualAmbient(time),
  });
  client.on("evicted", (event) => evicted.push(event));
  await client.start();
  await time.run(client.settled(60_000));
  const sync = async (): Promise<void> => {
    server.push();
    await time.advance(50);
    await time.run(client.settled(60_000));
  };
  return { ...bench, client, sync, evicted };
}

async function heldOf(store: ClientStore, conversationId: ConversationId): Promise<number> {
  return (await store.readMessages(conversationId, { first: 1, last: 1_000 })).length;
}

test("history that was not looked at goes when there is too much; the newest page, what is open and what is unread stay", async () => {
  const { client, store, world, time, sync, evicted } = await benchWithHistory();
  const before = await time.run(client.storage());
  await time.run(client.open(GROUP_2));
  world.post(GROUP, OTHER, "new");
  await sync();
  const after = await time.run(client.storage());
  deepEqual(
    [
      before.bytes > BUDGET_BYTES,
      before.conversations.map(({ messages }) => messages),
      after.bytes < before.bytes,
      evicted.length,
      await heldOf(store, GROUP),
      await heldOf(store, GROUP_2),
    ],
    // The newest page as it was then, and what came after it.
    [true, [300, 300], true, 1, 50 + 1, 300],
  );
  await client.stop();
});

test("what is unread is never given up", async () => {
  const { client, store, world, sync } = await benchWithHistory();
  world.entries.set(GROUP, { ...world.entries.get(GROUP)!, readSequence: 100 });
  for (const conversationId of [GROUP, GROUP_2]) {
    const entry = client.conversations().find((one) => one.conversationId === conversationId)!;
    await store.commit([{ kind: "put-entry", entry: { ...entry, readSequence: 100 } }]);
  }
  await client.stop();
  await client.start();
  world.post(GROUP, OTHER, "new");
  await sync();
  const first = (await store.readMessages(GROUP_2, { first: 1, last: 1_000 }))[0]?.sequence;
  deepEqual(first, 101);
  await client.stop();
});

test("what was given up is fetched again when somebody reads so far back", async () => {
  const { client, world, time, sync } = await benchWithHistory();
  world.post(GROUP, OTHER, "new");
  await sync();
  await time.run(client.open(GROUP));
  const older = await time.run(client.loadOlder(GROUP, 100));
  const texts = older.messages.map(({ body }) => body?.text?.text);
  deepEqual([texts.length, texts[0], texts.at(-1)], [150, "text 151", "new"]);
  await client.stop();
});

/** A store with room for so many commits once it is full, which it is told. */
function fullStore(): { readonly store: ClientStore; isFull: boolean; refusals: number } {
  const inner = createMemoryStore();
  const world = { isFull: false, refusals: 0 };
  const store: ClientStore = {
    ...inner,
    commit: async (changes, leader) => {
      const frees = changes.some(({ kind }) => kind === "delete-messages");
      if (frees) world.isFull = false;
      if (world.isFull) {
        world.refusals += 1;
        throw new Failure("storage-full", "There is no room.", { retry: "after-change" });
      }
      await inner.commit(changes, leader);
    },
  };
  return Object.assign(world, { store });
}

test("a full store gives up history and takes the same change once more", async () => {
  const full = fullStore();
  const { client, time, store, evicted } = await benchWithHistory(full.store);
  full.isFull = true;
  const pending = await time.run(client.sendText(GROUP, "kept"));
  await time.run(client.settled(60_000));
  const entry = client.conversations().find(({ conversationId }) => conversationId === GROUP);
  deepEqual(
    [
      pending.body.text?.text,
      full.refusals,
      evicted.length,
      entry?.lastSequence,
      (await store.load()).outbox,
    ],
    ["kept", 1, 1, 301, []],
  );
  await client.stop();
});

test("a full store without anything to give up refuses, and is not asked for ever", async () => {
  const full = fullStore();
  const bench = createClientBench(1, full.store);
  await bench.begin();
  full.isFull = true;
  await rejects(bench.client.sendText(GROUP, "no room"), { code: "storage-full" });
  deepEqual(full.refusals, 1);
  full.isFull = false;
  await bench.client.stop();
});

test("without a budget nothing is given up", async () => {
  const bench = createClientBench();
  for (let index = 0; index < 300; index++) bench.world.post(GROUP, OTHER, `text ${index}`);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  const { bytes, budgetBytes, conversations } = await bench.time.run(bench.client.storage());
  deepEqual(
    [bytes > 0, budgetBytes, conversations.map(({ conversationId, messages }) => [conversationId, messages])],
    [true, undefined, [[GROUP, 50]]],
  );
  await bench.client.stop();
});
