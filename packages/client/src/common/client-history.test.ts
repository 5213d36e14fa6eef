import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createClientBench, GROUP, OTHER, textsOf } from "../testing/client-bench.js";

const numbered = (first: number, last: number, word = "old"): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${word} ${first + index}`);

test("opening shows the newest page, and loading older goes back to the beginning", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 120);
  await bench.begin();
  const opened = await bench.time.run(bench.client.open(GROUP));
  const first = textsOf(bench.client, GROUP);
  await bench.time.run(bench.client.loadOlder(GROUP, 60));
  const second = textsOf(bench.client, GROUP);
  const whole = await bench.time.run(bench.client.loadOlder(GROUP, 60));
  deepEqual(
    [opened.isAtEnd, opened.isAtBeginning, first, second, textsOf(bench.client, GROUP), whole.isAtBeginning],
    [true, false, numbered(70, 119), numbered(10, 119), numbered(0, 119), true],
  );
  await bench.client.stop();
});

test("what the store holds is not fetched again", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 120);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.time.run(bench.client.loadOlder(GROUP, 100));
  bench.client.close(GROUP);
  const fetched = bench.server.framesOf("getHistory").length;
  await bench.time.run(bench.client.open(GROUP));
  await bench.time.run(bench.client.loadOlder(GROUP, 100));
  deepEqual(
    [textsOf(bench.client, GROUP), bench.server.framesOf("getHistory").length],
    [numbered(0, 119), fetched],
  );
  await bench.client.stop();
});

test("a conversation opens from the store without a connection", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 20);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.client.stop();
  bench.server.isReachable = false;
  const client = bench.restart();
  await client.start();
  const timeline = await client.open(GROUP);
  deepEqual([timeline.messages.length, timeline.isAtEnd, client.state], [20, true, "connecting"]);
  await client.stop();
});

test("a timeline is the same object until it changes", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  const before = bench.client.timeline(GROUP);
  await bench.time.advance(1000);
  const same = bench.client.timeline(GROUP) === before;
  bench.world.post(GROUP, OTHER, "a");
  await bench.sync();
  deepEqual([same, bench.client.timeline(GROUP) === before], [true, false]);
  await bench.client.stop();
});

test("a gap between what is held and what is new is closed in the background", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (let index = 0; index < 5; index++) bench.world.post(GROUP, OTHER, `new ${index}`);
  await bench.sync();
  bench.world.grow(GROUP, 300);
  bench.world.post(GROUP, OTHER, "newest");
  await bench.sync();
  await bench.time.advance(1000);
  deepEqual((await bench.store.load()).spans.get(GROUP), [{ first: 1, last: 306 }]);
  await bench.client.stop();
});

test("an open conversation that grew without events fetches what is new", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.world.grow(GROUP, 3);
  await bench.sync();
  await bench.time.advance(100);
  deepEqual(textsOf(bench.client, GROUP), numbered(0, 2, "imported"));
  await bench.client.stop();
});

test("pages shorter than asked for lead back to the beginning, without a hole", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 120);
  bench.server.historySize = 7;
  await bench.begin();
  let timeline = await bench.time.run(bench.client.open(GROUP));
  const lengths = [timeline.messages.length];
  while (!timeline.isAtBeginning && lengths.length <= 120) {
    timeline = await bench.time.run(bench.client.loadOlder(GROUP, 60));
    lengths.push(timeline.messages.length);
  }
  deepEqual(
    [lengths, textsOf(bench.client, GROUP)],
    [[...Array.from({ length: 17 }, (_, index) => 7 * (index + 1)), 120], numbered(0, 119)],
  );
  await bench.client.stop();
});

test("a gap is closed by pages shorter than asked for", async () => {
  const bench = createClientBench();
  bench.server.historySize = 7;
  await bench.begin();
  for (let index = 0; index < 5; index++) bench.world.post(GROUP, OTHER, `new ${index}`);
  await bench.sync();
  bench.world.grow(GROUP, 30);
  bench.world.post(GROUP, OTHER, "newest");
  await bench.sync();
  await bench.time.advance(1000);
  deepEqual((await bench.store.load()).spans.get(GROUP), [{ first: 1, last: 36 }]);
  await bench.client.stop();
});

test("what is damaged is fetched again by pages shorter than asked for", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 30);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.server.historySize = 7;
  await bench.store.commit([{ kind: "delete-messages", conversationId: GROUP, first: 3, last: 28 }]);
  await bench.time.run(bench.client.verify(GROUP));
  const held = await bench.store.readMessages(GROUP, { first: 1, last: 30 });
  deepEqual(held, bench.world.visible(GROUP, 1, 30));
  await bench.client.stop();
});

test("a message hidden while its page is on the way stays hidden", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 5);
  await bench.begin();
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory") return "handle";
    // The page was made before the message was hidden, and comes after the event.
    const { requestId } = frame.payload;
    const page = bench.world.page(GROUP, frame.payload);
    bench.world.hide(GROUP, [3]);
    bench.server.push();
    bench.time.after(50, () => {
      bench.server.say("historyPage", { requestId, ...page, firstVisible: 1, lastSequence: 5 });
    });
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(textsOf(bench.client, GROUP), ["old 0", "old 1", "old 3", "old 4"]);
  await bench.client.stop();
});

test("verify finds a damaged message and fetches it again", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 30);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  const before = await bench.time.run(bench.client.verify(GROUP));
  await bench.store.commit([{ kind: "delete-messages", conversationId: GROUP, first: 7, last: 8 }]);
  const damaged = await bench.time.run(bench.client.verify(GROUP));
  const after = await bench.time.run(bench.client.verify(GROUP));
  const held = await bench.store.readMessages(GROUP, { first: 1, last: 30 });
  deepEqual([before, damaged, after, held], [false, true, false, bench.world.visible(GROUP, 1, 30)]);
  await bench.client.stop();
});

test("a read that was caught by a lost connection is asked again", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 30);
  await bench.begin();
  let count = 0;
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory" || count++ > 0) return "handle";
    bench.server.cut();
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(
    [textsOf(bench.client, GROUP).length, bench.server.framesOf("getHistory").length >= 2],
    [30, true],
  );
  await bench.client.stop();
});

test("without a connection a request is given up after 30 seconds", async () => {
  const bench = createClientBench();
  bench.server.isReachable = false;
  await bench.client.start();
  const outcome = rejects(bench.client.users(), { code: "unavailable" });
  await bench.time.advance(30_000);
  await outcome;
  await bench.client.stop();
});
