/** How events are paced and merged for a device, cited by the invariants at the head of push-pacer.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, type Init, UNCONFIRMED_EVENTS_MAX, textBody } from "@parley/protocol";
import { PushPacer } from "./push-pacer.js";
import { type LinkOptions, SlowLink } from "./testing/slow-link.js";
import { EPOCH, SyncBench, joined, message } from "./testing/sync-bench.js";

const FAST: LinkOptions = { rate: 100_000_000, roundTripMs: 1 };
const SLOW: LinkOptions = { rate: 30_000, roundTripMs: 300 };

/** Ann's device behind a network, up to date with a queue of one event. */
async function connect(
  options: LinkOptions,
  bench = new SyncBench(),
): Promise<{ bench: SyncBench; link: SlowLink }> {
  bench.emit(["ann"], [joined("g:a")]);
  await bench.time.settle();
  const link = new SlowLink(bench.time, options);
  link.feed = await bench.run(bench.sync.attach(bench.session("ann"), { epoch: EPOCH, pts: 1 }, link));
  return { bench, link };
}

/** A message of about 200 bytes. */
function chat(sequence: number): Init<Event> {
  const said = message("g:a", sequence);
  return { ...said, message: { ...said.message!, body: textBody("x".repeat(150)) } };
}

/** Says messages, one at a time, so many a second. Returns when each was said. */
async function say(bench: SyncBench, count: number, perSecond: number, first = 1): Promise<number[]> {
  const saidMs: number[] = [];
  for (let index = 0; index < count; index++) {
    saidMs.push(bench.time.monotonicMs());
    bench.emit(["ann"], [chat(first + index)]);
    await bench.time.advance(1000 / perSecond);
  }
  return saidMs;
}

function latest(link: SlowLink, saidMs: readonly number[]): number {
  return Math.max(...saidMs.map((ms, index) => (link.cameMs[index] ?? Number.POSITIVE_INFINITY) - ms));
}

test("P2: on a fast network each event goes at once", async () => {
  const { bench, link } = await connect(FAST);
  const saidMs = await say(bench, 100, 50);
  await bench.time.advance(1_000);
  assert.equal(link.frames, 100);
  assert.ok(latest(link, saidMs) <= 2);
});

test("P2: on a slow network a burst becomes few frames, and nothing waits for long", async () => {
  const { bench, link } = await connect(SLOW);
  await say(bench, 5, 2);
  await bench.time.advance(2_000);
  const before = link.frames;
  const saidMs = await say(bench, 500, 50, 6);
  await bench.time.advance(5_000);
  assert.equal(link.cameMs.length, 505);
  assert.ok(link.frames - before < 500 / 5, `${link.frames - before} frames`);
  const late = Math.max(...saidMs.map((ms, index) => link.cameMs[index + 5]! - ms));
  assert.ok(late < 800, `${late} ms`);
});

test("P1: what a slow network was given is through within about a second, however much waits", async () => {
  const bench = new SyncBench({ rebaseEventsMax: 1_000_000, rebaseBytesMax: 1_000_000_000 });
  const { link } = await connect(SLOW, bench);
  for (let sequence = 1; sequence <= 1_000; sequence++) bench.emit(["ann"], [chat(sequence)]);
  await bench.time.advance(4_000);
  link.onTheWayMax = 0;
  await bench.time.advance(4_000);
  // 30 KB a second: what is on its way is at most 1.3 seconds of that.
  assert.ok(link.onTheWayMax < 40_000, `${link.onTheWayMax} bytes`);
  assert.ok(link.cameMs.length > 700, "and the network is not idle");
});

test("P1: a fast device is soon given as much as the protocol allows", async () => {
  const { bench, link } = await connect({ ...FAST, confirmMs: 20 });
  for (let round = 0; round < 6; round++) {
    for (let at = 1; at <= 1_500; at++) bench.emit(["ann"], [chat(round * 1_500 + at)]);
    await bench.time.advance(500);
  }
  assert.equal(link.cameMs.length, 9_000);
  const before = link.cameMs.length;
  link.feed!.confirm({ epoch: EPOCH, pts: 1 });
  for (let at = 1; at <= 3_000; at++) bench.emit(["ann"], [chat(9_000 + at)]);
  await bench.time.advance(15);
  assert.equal(link.cameMs.length - before, UNCONFIRMED_EVENTS_MAX);
});

test("P2: what is low waits for company, and no longer than that", async () => {
  const { bench, link } = await connect(FAST);
  const readers: Init<Event> = {
    readers: { conversationId: message("g:a", 1).message!.conversationId, revision: 1, counts: [] },
  };
  const atMs = bench.time.monotonicMs();
  bench.emit(["ann"], [readers]);
  await bench.time.advance(100);
  const waiting = link.cameMs.length;
  bench.emit(["ann"], [chat(1)]);
  await bench.time.advance(10);
  assert.deepEqual([waiting, link.cameMs.length, link.frames], [0, 2, 1]);
  bench.emit(["ann"], [readers]);
  await bench.time.advance(1_000);
  const alone = link.cameMs.at(-1)! - atMs - 110;
  assert.ok(alone >= 250 && alone < 260, `${alone} ms`);
});

test("a device that falls too far behind while it is connected gets what is newest instead, once at a time", async () => {
  const bench = new SyncBench({ rebaseEventsMax: 300 });
  const { link } = await connect({ rate: 3_000, roundTripMs: 300 }, bench);
  for (let sequence = 1; sequence <= 2_000; sequence++) bench.emit(["ann"], [chat(sequence)]);
  await bench.time.advance(120_000);
  assert.ok(link.rebases >= 1 && link.rebases < 10, `${link.rebases} rebases`);
  bench.emit(["ann"], [chat(2_001)]);
  const before = link.cameMs.length;
  await bench.time.advance(2_000);
  assert.equal(link.cameMs.length, before + 1);
});

test("P3: of a connection without room the queue is offered room first, then each topic in its turn", async () => {
  const bench = new SyncBench();
  const pacer = new PushPacer({ clock: bench.time, scheduler: bench.time });
  const resumed: string[] = [];
  const feedOf = (name: string, takes: number) => ({
    resume() {
      if (!pacer.mayGo(this, undefined, false)) return;
      resumed.push(name);
      marks.push(pacer.sent(1, takes, 1));
      pacer.wait(this);
    },
  });
  const marks: ReturnType<typeof pacer.sent>[] = [];
  const [queue, one, two] = [feedOf("queue", 20_000), feedOf("one", 20_000), feedOf("two", 20_000)];
  pacer.first = queue;
  for (const feed of [one, two, queue]) pacer.wait(feed);
  for (let round = 0; round < 4; round++) {
    pacer.resume();
    await bench.time.advance(1);
    pacer.forget(marks.splice(0));
  }
  assert.deepEqual(resumed.slice(0, 6), ["queue", "one", "queue", "two", "queue", "one"]);
});
