/** Feeds of connected devices, cited by the invariants at the head of device-feed.ts; F1 is checked by every sink. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Feed, Session } from "@parley/contracts";
import { UNCONFIRMED_EVENTS_MAX } from "@parley/protocol";
import fc from "fast-check";
import { EPOCH, RETENTION_MS, Sink, SyncBench, joined, message } from "./testing/sync-bench.js";

/** A user whose queue holds a join and `count` messages. */
async function benchWith(count: number, options = {}): Promise<SyncBench> {
  const bench = new SyncBench(options);
  bench.emit(["ann"], [joined("g:a")]);
  send(bench, 1, count);
  await bench.run(bench.life.processor.recovered());
  await bench.time.settle();
  return bench;
}

function send(bench: SyncBench, first: number, last: number): void {
  for (let sequence = first; sequence <= last; sequence++) bench.emit(["ann"], [message("g:a", sequence)]);
}

function at(pts: number): Sink {
  return new Sink({ epoch: EPOCH, pts });
}

async function confirmSlowly(bench: SyncBench, feed: Feed, sink: Sink): Promise<void> {
  await bench.time.advance(1);
  feed.confirm(sink.position);
  await bench.time.settle();
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test("a device that is up to date gets each event once, from memory, without a read", async () => {
  const bench = await benchWith(2);
  const sink = at(3);
  await bench.attach(bench.session("ann"), sink);
  // Reads fail from now on: what is pushed comes from memory.
  bench.life.engine.failure = new Error("no reads");
  await bench.run(bench.life.tables.flush());
  send(bench, 3, 5);
  await bench.time.settle();
  assert.deepEqual([sink.sequences, sink.rebases, sink.failures], [span(3, 5), [], 0]);
});

test("a device that was away catches up from its position, and then gets what comes", async () => {
  const bench = await benchWith(600);
  const sink = at(101);
  await bench.attach(bench.session("ann"), sink);
  send(bench, 601, 603);
  await bench.time.settle();
  assert.deepEqual([sink.sequences, sink.rebases, sink.caughtUps], [span(101, 603), [], 1]);
});

test("events that come while a device is attached are neither lost nor doubled", async () => {
  const bench = await benchWith(300, { readMs: 7 });
  const sink = at(0);
  const attached = bench.sync.attach(bench.session("ann"), sink.position, sink);
  for (let sequence = 301; sequence <= 320; sequence++) {
    send(bench, sequence, sequence);
    await bench.time.advance(1);
  }
  await bench.run(attached);
  await bench.time.advance(100);
  assert.deepEqual(sink.sequences, span(1, 320));
});

const REBASES: readonly (readonly [string, number, number, number, readonly string[]])[] = [
  ["a device that has no position", 0, 0, 0, ["new-device"]],
  ["a position of another epoch", EPOCH + 1, 3, 0, ["unknown-epoch"]],
  ["a position beyond the queue", EPOCH, 52, 0, ["unknown-epoch"]],
  ["a position at the threshold", EPOCH, 41, 10, []],
  ["a position behind the threshold", EPOCH, 40, 0, ["too-far-behind"]],
];

for (const [what, epoch, pts, pushed, reasons] of REBASES) {
  test(`F3: ${what}: ${reasons[0] ?? "no"} rebase, and then what follows`, async () => {
    const bench = await benchWith(50, { rebaseEventsMax: 10 });
    const sink = new Sink({ epoch, pts });
    await bench.attach(bench.session("ann"), sink);
    send(bench, 51, 52);
    await bench.time.settle();
    assert.deepEqual(
      [sink.rebases, sink.sequences.length, sink.sequences.slice(-2), sink.position],
      [reasons, pushed + 2, [51, 52], { epoch: EPOCH, pts: 53 }],
    );
  });
}

test("F3: a position whose events have expired gets one rebase", async () => {
  const bench = await benchWith(5);
  await bench.run(bench.life.tables.flush());
  bench.time.jump(RETENTION_MS + 1_000);
  send(bench, 6, 7);
  await bench.time.settle();
  const sink = at(2);
  await bench.attach(bench.session("ann"), sink);
  send(bench, 8, 8);
  await bench.time.settle();
  assert.deepEqual([sink.rebases, sink.sequences], [["too-far-behind"], [8]]);
});

test("F1: an event that expired between others is not skipped: what is behind it is never taken for it", async () => {
  const bench = await benchWith(2);
  // As after an import of old history, whose record carries the time of then.
  bench.emit(["ann"], [message("g:a", 3)], bench.time.nowMs() - RETENTION_MS);
  send(bench, 4, 6);
  await bench.time.settle();
  const sink = at(1);
  await bench.attach(bench.session("ann"), sink);
  assert.deepEqual([sink.sequences, sink.rebases, sink.position.pts], [[1, 2], ["too-far-behind"], 7]);
});

test("F2: events beyond what may be unconfirmed wait for the confirmation", async () => {
  const bench = await benchWith(1, { rebaseEventsMax: 10_000 });
  const sink = at(2);
  const feed = await bench.attach(bench.session("ann"), sink);
  // A device that takes much at once: what it may have unconfirmed is events, and not bytes, from here on.
  send(bench, 2, 1_501);
  while (sink.sequences.length < 1_500) await confirmSlowly(bench, feed, sink);
  await confirmSlowly(bench, feed, sink);
  const last = 1_501 + UNCONFIRMED_EVENTS_MAX + 500;
  send(bench, 1_502, last);
  await bench.time.settle();
  const before = sink.sequences.length;
  feed.confirm({ epoch: EPOCH, pts: 1_602 });
  await bench.time.settle();
  const between = sink.sequences.length;
  feed.confirm(sink.position);
  await bench.time.settle();
  assert.deepEqual(
    [before, between, sink.sequences],
    [1_500 + UNCONFIRMED_EVENTS_MAX, 1_500 + UNCONFIRMED_EVENTS_MAX + 100, span(2, last)],
  );
});

test("a device whose socket is full pauses, is not held in memory, and goes on when it has room", async () => {
  const bench = await benchWith(1);
  const sink = at(2);
  const feed = await bench.attach(bench.session("ann"), sink);
  sink.room = false;
  send(bench, 2, 400);
  await bench.time.settle();
  const before = sink.sequences.length;
  sink.room = true;
  feed.resume();
  await bench.time.settle();
  assert.deepEqual([before, sink.sequences], [0, span(2, 400)]);
});

test("a device that has room again at the very moment a read ends goes on", async () => {
  const bench = await benchWith(1);
  const sink = at(2);
  const feed = await bench.attach(bench.session("ann"), sink);
  sink.room = false;
  send(bench, 2, 600);
  await bench.time.settle();
  sink.room = true;
  // Full after the first page, and empty again before the feed has noted that it reads no more.
  sink.hasRoom = (): boolean => {
    if (sink.pushes.length !== 1) return true;
    sink.hasRoom = () => true;
    queueMicrotask(() => feed.resume());
    return false;
  };
  feed.resume();
  await bench.time.settle();
  assert.deepEqual(sink.sequences, span(2, 600));
});

test("a slow device does not hold up another of the same user", async () => {
  const bench = await benchWith(1);
  const [slow, fast] = [at(2), at(2)];
  await bench.attach(bench.session("ann", "phone"), slow);
  await bench.attach(bench.session("ann", "laptop"), fast);
  slow.room = false;
  send(bench, 2, 9);
  await bench.time.settle();
  assert.deepEqual([slow.sequences, fast.sequences], [[], span(2, 9)]);
});

test("a closed feed pushes nothing more, also when it is closed while it reads", async () => {
  const bench = await benchWith(300, { readMs: 7 });
  const sink = at(0);
  const attaching = bench.sync.attach(bench.session("ann"), sink.position, sink);
  const feed = await bench.run(attaching);
  sink.room = false;
  send(bench, 301, 310);
  await bench.time.settle();
  sink.room = true;
  feed.resume();
  feed.close();
  const pushed = sink.sequences.length;
  send(bench, 311, 312);
  await bench.time.advance(100);
  assert.equal(sink.sequences.length, pushed);
});

test("a feed that cannot read fails its connection and nothing else", async () => {
  const bench = await benchWith(1);
  const [sink, other] = [at(2), at(2)];
  const feed = await bench.attach(bench.session("ann", "phone"), sink);
  await bench.attach(bench.session("ann", "laptop"), other);
  sink.room = false;
  // More than waits in memory.
  send(bench, 2, 400);
  await bench.time.settle();
  await bench.run(bench.life.tables.flush());
  bench.life.engine.failure = new Error("the disk failed");
  sink.room = true;
  feed.resume();
  await bench.time.settle();
  assert.deepEqual([sink.failures, other.failures, other.sequences], [1, 0, span(2, 400)]);
});

test("an attachment that fails leaves no feed behind", async () => {
  const bench = await benchWith(1);
  await bench.restart();
  await bench.run(bench.life.processor.recovered());
  bench.life.engine.failure = new Error("the disk failed");
  const sink = at(2);
  const outcome = await bench.codeOf(bench.sync.attach(bench.session("ann"), sink.position, sink));
  bench.life.engine.failure = undefined;
  send(bench, 2, 2);
  await bench.time.settle();
  assert.deepEqual([outcome, sink.sequences, bench.life.feeds.count], ["Error: the disk failed", [], 0]);
});

test("a device's position is kept when it leaves, and now and then while it stays", async () => {
  const bench = await benchWith(9);
  const session = bench.session("ann");
  const sink = at(1);
  const feed = await bench.attach(session, sink);
  const kept: (number | undefined)[] = [];
  const confirm = async (pts: number): Promise<void> => {
    feed.confirm({ epoch: EPOCH, pts });
    kept.push((await bench.run(bench.kept(session)))?.pts);
  };
  await confirm(3);
  await bench.time.advance(10_000);
  await confirm(5);
  await confirm(6);
  feed.close();
  kept.push((await bench.run(bench.kept(session)))?.pts);
  await bench.restart();
  kept.push((await bench.run(bench.kept(session)))?.pts);
  assert.deepEqual(kept, [undefined, 5, 5, 6, 6]);
});

test("a confirmation that goes back, runs ahead or names another epoch changes nothing", async () => {
  const bench = await benchWith(9);
  const session = bench.session("ann");
  const feed = await bench.attach(session, at(1));
  await bench.time.advance(10_000);
  feed.confirm({ epoch: EPOCH, pts: 5 });
  for (const position of [
    { epoch: EPOCH, pts: 4 },
    { epoch: EPOCH, pts: 11 },
    { epoch: EPOCH + 1, pts: 7 },
  ]) {
    await bench.time.advance(10_000);
    feed.confirm(position);
  }
  feed.close();
  assert.equal((await bench.run(bench.kept(session)))?.pts, 5);
});

type Move =
  | { readonly kind: "send"; readonly count: number }
  | { readonly kind: "confirm" | "room" | "reconnect" | "settle" | "crash" }
  | { readonly kind: "wait"; readonly ms: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("confirm" as const, "room" as const, "reconnect" as const, "settle" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 9 }) }),
  },
);

/** One device that comes and goes; it keeps its events and its position over connections. */
class Roaming {
  readonly #bench: SyncBench;
  readonly #session: Session;
  #sink = at(0);
  #feed: Promise<Feed> | undefined;
  readonly #seen: number[] = [];

  constructor(bench: SyncBench) {
    this.#bench = bench;
    this.#session = bench.session("ann");
  }

  connect(): void {
    this.leave();
    this.#sink = new Sink(this.#sink.position);
    const attached = this.#bench.sync.attach(this.#session, this.#sink.position, this.#sink);
    attached.catch(() => undefined);
    this.#feed = attached;
  }

  leave(): void {
    this.#seen.push(...this.#sink.sequences);
    this.#sink.events.length = 0;
    void this.#feed?.then(
      (feed) => feed.close(),
      () => undefined,
    );
  }

  confirm(): void {
    const { position } = this.#sink;
    void this.#feed?.then(
      (feed) => feed.confirm(position),
      () => undefined,
    );
  }

  setRoom(room = !this.#sink.room): void {
    this.#sink.room = room;
    if (room)
      void this.#feed?.then(
        (feed) => feed.resume(),
        () => undefined,
      );
  }

  get sequences(): number[] {
    return [...this.#seen, ...this.#sink.sequences];
  }
}

test("F1: whatever the socket, the disk and the connection do, a device gets each event once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 40 }), async (moves) => {
      const bench = new SyncBench({ readMs: 5, rebaseEventsMax: 1_000_000 });
      bench.emit(["ann"], [joined("g:a")]);
      await bench.run(bench.life.processor.recovered());
      const device = new Roaming(bench);
      device.connect();
      let last = 0;
      for (const each of moves) {
        if (each.kind === "send") {
          send(bench, last + 1, last + each.count);
          last += each.count;
        } else if (each.kind === "wait") await bench.time.advance(each.ms);
        else if (each.kind === "settle") await bench.time.settle();
        else if (each.kind === "confirm") device.confirm();
        else if (each.kind === "room") device.setRoom();
        else {
          if (each.kind === "crash") {
            device.leave();
            await bench.crash();
            await bench.run(bench.life.processor.recovered());
          }
          device.connect();
        }
      }
      device.setRoom(true);
      for (let round = 0; round < 20; round++) {
        await bench.time.advance(100);
        device.confirm();
      }
      assert.deepEqual(device.sequences, span(1, last));
    }),
    { numRuns: 60 },
  );
});
