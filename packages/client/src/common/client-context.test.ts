/** A conversation opened around one of its messages, and the search that leads there. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createClientBench, type ClientBench, GROUP, OTHER } from "../testing/client-bench.js";
import { SEARCHES_WAITING_MAX } from "./limits.js";
import type { Timeline } from "./api.js";

function rangeOf(timeline: Timeline | undefined): readonly unknown[] {
  const sequences = timeline?.messages.map(({ sequence }) => sequence) ?? [];
  return [sequences[0], sequences.at(-1), sequences.length, timeline?.isAtBeginning, timeline?.isAtEnd];
}

async function benchWith(count: number): Promise<ClientBench> {
  const bench = createClientBench();
  bench.world.join(GROUP, count);
  await bench.begin();
  return bench;
}

test("a message is shown with those around it, and one goes on from there until the end is reached", async () => {
  const bench = await benchWith(300);
  const { client, time } = bench;
  await time.run(client.open(GROUP));
  const seen = [rangeOf(await time.run(client.openAt(GROUP, 100)))];
  seen.push(rangeOf(await time.run(client.loadOlder(GROUP, 40))));
  for (let page = 0; page < 3; page++) seen.push(rangeOf(await time.run(client.loadNewer(GROUP, 60))));
  bench.world.post(GROUP, OTHER, "news");
  await bench.sync();
  seen.push(rangeOf(client.timeline(GROUP)));
  deepEqual(seen, [
    [70, 130, 61, false, false],
    [30, 130, 101, false, false],
    [30, 190, 161, false, false],
    [30, 250, 221, false, false],
    [30, 300, 271, false, true],
    [30, 301, 272, false, true],
  ]);
  await client.stop();
});

test("what happens at the end leaves the place alone, and opening goes there", async () => {
  const bench = await benchWith(3000);
  const { client, time } = bench;
  await time.run(client.openAt(GROUP, 100));
  await time.run(client.sendText(GROUP, "mine"));
  bench.world.post(GROUP, OTHER, "news");
  await bench.sync();
  const away = client.timeline(GROUP)!;
  const fetched = bench.server.framesOf("getHistory").length;
  const newest = await time.run(client.open(GROUP));
  deepEqual(
    [rangeOf(away), away.pending, fetched, newest.messages.at(-1)?.body?.text?.text, newest.isAtEnd],
    [[70, 130, 61, false, false], [], 2, "news", true],
  );
  await client.stop();
});

test("what lies between a message that was opened and the end is fetched once at most, and not while one reads there", async () => {
  const bench = await benchWith(10_000);
  const { client, time } = bench;
  await time.run(client.open(GROUP));
  await time.run(client.openAt(GROUP, 50));
  await bench.sync();
  const counts = [bench.server.framesOf("getHistory").length];
  await time.run(client.open(GROUP));
  for (let news = 0; news < 3; news++) {
    bench.world.post(GROUP, OTHER, "news");
    await bench.sync();
    await time.advance(1000);
    counts.push(bench.server.framesOf("getHistory").length);
  }
  // One page at the opening, two around the message, ten of the gap.
  deepEqual(counts, [3, 13, 13, 13]);
  await client.stop();
});

test("a message that is held is opened without a connection, and another one is not", async () => {
  const bench = await benchWith(300);
  const { client, time } = bench;
  await time.run(client.openAt(GROUP, 100));
  client.close(GROUP);
  bench.server.isReachable = false;
  bench.server.cut();
  await time.advance(1);
  const held = await time.run(client.openAt(GROUP, 100));
  deepEqual(rangeOf(held), [70, 130, 61, false, false]);
  await rejects(time.run(client.openAt(GROUP, 250)), { code: "unavailable" });
  await client.stop();
});

test("edits, recalls and deletions of what is shown elsewhere are seen", async () => {
  const bench = await benchWith(300);
  const { client, time, world } = bench;
  await time.run(client.openAt(GROUP, 100));
  world.change(GROUP, 100, "other words");
  world.change(GROUP, 101);
  world.hide(GROUP, [102]);
  await bench.sync();
  const shown = client.timeline(GROUP)!.messages.slice(30, 33);
  deepEqual(
    shown.map(({ sequence, body, recall }) => [sequence, body?.text?.text, recall !== undefined]),
    [
      [100, "other words", false],
      [101, undefined, true],
      [103, "old 102", false],
    ],
  );
  await client.stop();
});

test("what is void is passed over on the way to newer messages", async () => {
  const bench = await benchWith(300);
  const { client, time, world } = bench;
  await time.run(client.openAt(GROUP, 100));
  await time.run(client.loadNewer(GROUP, 200));
  const gone = Array.from({ length: 70 }, (_, index) => 131 + index);
  world.hide(GROUP, gone);
  await bench.sync();
  client.close(GROUP);
  await time.run(client.openAt(GROUP, 100));
  deepEqual(rangeOf(await time.run(client.loadNewer(GROUP, 10))), [70, 210, 71, false, false]);
  await client.stop();
});

test("a message that is no longer kept opens at what is there", async () => {
  const bench = await benchWith(300);
  const { client, time, world } = bench;
  await time.run(client.openAt(GROUP, 100));
  world.trim(GROUP, 250);
  await bench.sync();
  const after = rangeOf(client.timeline(GROUP));
  await time.run(client.open(GROUP));
  deepEqual([after.at(-1), rangeOf(await time.run(client.openAt(GROUP, 10)))[1]], [true, 300]);
  await client.stop();
});

test("whatever is opened and loaded, a timeline has no holes and is what the server shows", async () => {
  const action = fc.record({
    kind: fc.constantFrom(
      "at",
      "at",
      "older",
      "newer",
      "newer",
      "open",
      "post",
      "hide",
      "change",
      "send",
      "sync",
    ),
    place: fc.integer({ min: 1, max: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const bench = await benchWith(400);
      const { client, time, world, server } = bench;
      await time.run(client.open(GROUP));
      for (const { kind, place } of actions) {
        if (kind === "at") await time.run(client.openAt(GROUP, place));
        else if (kind === "older") await time.run(client.loadOlder(GROUP, 1 + (place % 50)));
        else if (kind === "newer") await time.run(client.loadNewer(GROUP, 1 + (place % 50)));
        else if (kind === "open") await time.run(client.open(GROUP));
        else if (kind === "post") world.post(GROUP, OTHER, "news");
        else if (kind === "hide") world.hide(GROUP, [place]);
        else if (kind === "change") world.change(GROUP, place, place % 2 === 0 ? "changed" : undefined);
        else if (kind === "send") await time.run(client.sendText(GROUP, "mine"));
        if (kind === "post" && place % 2 === 0) server.push();
        else await bench.sync();
        await bench.sync();
        const { messages, isAtEnd } = client.timeline(GROUP)!;
        const first = messages[0]?.sequence ?? 0;
        const last = messages.at(-1)?.sequence ?? 0;
        deepEqual(messages, world.visible(GROUP, first, last));
        equal(
          isAtEnd,
          last >=
            world.messages
              .get(GROUP)!
              .findLast(({ sequence }) => world.visible(GROUP, sequence, sequence).length > 0)!.sequence,
        );
        if (kind === "at" && world.visible(GROUP, place, place).length > 0)
          equal(first <= place && place <= last, true);
      }
      await client.stop();
    }),
    { numRuns: 60 },
  );
});

test("a search goes on over pages without hits, and stops after some of them", async () => {
  const bench = await benchWith(200);
  const { client, time, world } = bench;
  world.change(GROUP, 150, "the apple");
  world.change(GROUP, 3, "an apple");
  await bench.sync();
  const search = async (cursor?: string): Promise<readonly unknown[]> => {
    const results = await time.run(client.search({ text: "apple", conversationId: GROUP }, cursor));
    return [results.hits.map(({ message, spans }) => [message.sequence, ...spans]), results.next];
  };
  deepEqual(
    [await search(), await search("140"), await search("60")],
    [
      [[[150, 4, 9]], "140"],
      [[], "60"],
      [[[3, 3, 8]], ""],
    ],
  );
  await client.stop();
});

test("searches follow each other, and too many that wait are refused", async () => {
  const bench = await benchWith(10);
  const { client, time, server } = bench;
  server.script = (frame) => (frame.name === "search" ? "ignore" : "handle");
  const outcomes: string[] = [];
  for (let index = 0; index <= SEARCHES_WAITING_MAX; index++) {
    client.search({ text: "x", conversationId: GROUP }).catch((error: unknown) => {
      outcomes.push((error as { code: string }).code);
    });
  }
  await time.settle();
  deepEqual([outcomes, server.framesOf("search").length], [["too-many-requests"], 1]);
  await client.stop();
});

test("a client that is stopped answers at once, and asks again when it is started again", async () => {
  const bench = await benchWith(3);
  const { client, time } = bench;
  await client.stop();
  const beganMs = time.monotonicMs();
  await rejects(client.members(GROUP), { code: "unavailable" });
  equal(time.monotonicMs(), beganMs);
  await bench.begin();
  deepEqual(rangeOf(await time.run(client.openAt(GROUP, 2))).slice(0, 2), [1, 3]);
  await client.stop();
});
