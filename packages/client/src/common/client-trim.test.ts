/** Messages that are no longer kept go from the device, however it learns of it. */
import { JoinedEvent, filled } from "@parley/protocol";
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type ClientBench, createClientBench, GROUP, OTHER, SELF, textsOf } from "../testing/client-bench.js";

const numbered = (first: number, last: number, word = "old"): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${word} ${first + index}`);

/** What of the conversation is in the store: the sequences and the spans. */
async function storedOf({ store }: ClientBench): Promise<readonly unknown[]> {
  const messages = await store.readMessages(GROUP, { first: 1, last: Number.MAX_SAFE_INTEGER });
  const { spans } = await store.load();
  return [messages.map(({ sequence }) => sequence), spans.get(GROUP)];
}

async function holding(count: number): Promise<ClientBench> {
  const bench = createClientBench();
  bench.world.join(GROUP, count);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.time.run(bench.client.loadOlder(GROUP, count));
  return bench;
}

test("an open conversation loses what is trimmed, keeps the rest in place, and is at its beginning", async () => {
  const bench = await holding(120);
  bench.world.trim(GROUP, 31);
  await bench.sync();
  const timeline = bench.client.timeline(GROUP)!;
  deepEqual(
    [textsOf(bench.client, GROUP), timeline.isAtBeginning, timeline.isAtEnd],
    [numbered(30, 119), true, true],
  );
  await bench.client.stop();
});

test("what is trimmed leaves the store, and the spans begin where messages are kept", async () => {
  const bench = await holding(5);
  bench.world.trim(GROUP, 4);
  await bench.sync();
  deepEqual(await storedOf(bench), [[4, 5], [{ first: 4, last: 5 }]]);
  await bench.client.stop();
});

test("what is trimmed counts as read", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (let count = 0; count < 5; count++) bench.world.post(GROUP, OTHER, "new");
  bench.world.trim(GROUP, 4);
  await bench.sync();
  const { unread, unreadRanges, readSequence } = bench.client.conversations()[0]!;
  deepEqual([unread, unreadRanges, readSequence], [2, [4, 5], 3]);
  await bench.client.stop();
});

test("a device that was away loses what was trimmed when it comes back", async () => {
  const bench = await holding(5);
  await bench.client.stop();
  bench.world.trim(GROUP, 3);
  bench.world.post(GROUP, OTHER, "new");
  const client = bench.restart();
  await client.start();
  await bench.time.run(client.settled(60_000));
  deepEqual(await storedOf(bench), [[3, 4, 5, 6], [{ first: 3, last: 6 }]]);
  await client.stop();
});

test("a device that was away for too long loses it too, also what it could not vouch for any more", async () => {
  const bench = await holding(5);
  await bench.client.stop();
  // A rebase gives up what lies below a hole; the messages stay in the store.
  bench.world.grow(GROUP, 20);
  bench.world.post(GROUP, OTHER, "new");
  bench.world.epoch += 1;
  const second = bench.restart();
  await second.start();
  await bench.time.run(second.settled(60_000));
  await bench.time.run(second.open(GROUP));
  await second.stop();
  bench.world.trim(GROUP, 25);
  bench.world.epoch += 1;
  const third = bench.restart();
  await third.start();
  await bench.time.run(third.settled(60_000));
  deepEqual(await storedOf(bench), [[25, 26], [{ first: 25, last: 26 }]]);
  await third.stop();
});

test("events behind a list that is ahead of them bring nothing back", async () => {
  const bench = await holding(2);
  bench.world.epoch += 1;
  let isFirst = true;
  bench.server.script = (frame) => {
    if (frame.name === "listConversations" && isFirst) {
      isFirst = false;
      // The events are pushed after the place that the rebase names, and the list holds them already.
      for (let count = 0; count < 3; count++) bench.world.post(GROUP, OTHER, "new");
      bench.world.trim(GROUP, 5);
    }
    return "handle";
  };
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual([isFirst, await storedOf(bench)], [false, [[5], [{ first: 5, last: 5 }]]]);
  await bench.client.stop();
});

test("a page that was asked for before a trim brings nothing back", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 5);
  await bench.begin();
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory") return "handle";
    const { requestId } = frame.payload;
    const page = bench.world.page(GROUP, frame.payload);
    bench.world.trim(GROUP, 4);
    bench.server.push();
    bench.time.after(50, () => {
      bench.server.say("historyPage", { requestId, ...page, firstVisible: 1, lastSequence: 5 });
    });
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(
    [textsOf(bench.client, GROUP), await storedOf(bench)],
    [
      ["old 3", "old 4"],
      [[4, 5], [{ first: 4, last: 5 }]],
    ],
  );
  await bench.client.stop();
});

test("a message of mine that was trimmed before its answer came is not stored", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.isHoldingPushes = true;
  bench.server.script = (frame) => (frame.name === "send" ? "handle-silently" : "handle");
  await bench.client.sendText(GROUP, "mine");
  await bench.time.advance(1);
  for (let count = 0; count < 3; count++) bench.world.post(GROUP, OTHER, "new");
  bench.world.trim(GROUP, 3);
  bench.server.isHoldingPushes = false;
  bench.server.script = (frame) => (frame.name === "send" ? "ignore" : "handle");
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  // The list is there, and only now comes the answer.
  bench.server.script = () => "handle";
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  const mine = bench.world.messages.get(GROUP)!.filter(({ senderId }) => senderId === SELF);
  const { outbox } = await bench.store.load();
  deepEqual([mine.length, outbox, (await storedOf(bench))[0]], [1, [], []]);
  await bench.client.stop();
});

test("who joins again and sees from later on loses what was there before", async () => {
  const bench = await holding(5);
  bench.world.leave(GROUP);
  await bench.sync();
  const before = await storedOf(bench);
  bench.world.push({
    joined: filled(JoinedEvent, { conversationId: GROUP, firstVisible: 6, lastSequence: 5, timeMs: 1 }),
  });
  bench.world.post(GROUP, OTHER, "new");
  await bench.sync();
  deepEqual(
    [before, await storedOf(bench), textsOf(bench.client, GROUP)],
    [[[1, 2, 3, 4, 5], [{ first: 1, last: 5 }]], [[6], [{ first: 6, last: 6 }]], ["new"]],
  );
  await bench.client.stop();
});
