/** Many events in a short time: they share commits, and nothing else changes. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type ClientBench, createClientBench, GROUP, OTHER, textsOf } from "../testing/client-bench.js";
import { createMemoryStore } from "./memory-store.js";
import type { Change, ClientStore } from "./store.js";

const EVENTS = 200;
const STEP_MS = 5;
const isPosition = (change: Change): boolean => change.kind === "position";

/** A store that tells of its commits with events, and what position is durable. */
function watchedStore() {
  const store = createMemoryStore();
  const seen = { commits: 0, durablePts: 0 };
  const commit: ClientStore["commit"] = async (changes, leader) => {
    await store.commit(changes, leader);
    for (const change of changes) if (change.kind === "position") seen.durablePts = change.position.pts;
    if (changes.some(isPosition)) seen.commits += 1;
  };
  const watched: ClientStore = new Proxy(store, {
    get: (target, name) => {
      if (name === "commit") return commit;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { store: watched, seen };
}

/** A message each `STEP_MS`. */
async function flood(bench: ClientBench, count: number, eachTime: () => void = () => undefined) {
  for (let index = 0; index < count; index++) {
    bench.world.post(GROUP, OTHER, `m${index}`);
    bench.server.push();
    await bench.time.advance(STEP_MS);
    eachTime();
  }
}

const texts = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `m${index}`);

test("in a flood events share commits, and each change is shown once", async () => {
  const { store, seen } = watchedStore();
  const bench = createClientBench(1, store);
  await bench.begin();
  await bench.client.open(GROUP);
  const before = seen.commits;
  let shown = 0;
  bench.client.on("conversations", () => (shown += 1));
  await flood(bench, EVENTS);
  await bench.sync();
  deepEqual(textsOf(bench.client, GROUP), texts(EVENTS));
  const commits = seen.commits - before;
  // A second: one commit in 50 ms, and the few at its beginning.
  deepEqual([commits <= 25, shown <= commits], [true, true]);
  await bench.client.stop();
});

test("a message in a quiet time is shown at once", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  const waits: number[] = [];
  for (let index = 0; index < 10; index++) {
    bench.world.post(GROUP, OTHER, `m${index}`);
    bench.server.push();
    await bench.time.advance(0);
    waits.push(textsOf(bench.client, GROUP).length - index - 1);
    await bench.time.advance(300);
  }
  deepEqual(
    waits,
    Array.from({ length: 10 }, () => 0),
  );
  await bench.client.stop();
});

test("where timers are late nothing is gathered", async () => {
  const { store, seen } = watchedStore();
  const bench = createClientBench(1, store, { hasLateTimers: () => true });
  await bench.begin();
  const before = seen.commits;
  await flood(bench, EVENTS);
  deepEqual(seen.commits - before, EVENTS);
  await bench.client.stop();
});

test("in a flood nothing is confirmed that is not stored, and what was gathered when the line broke comes again", async () => {
  const { store, seen } = watchedStore();
  const bench = createClientBench(1, store);
  await bench.begin();
  await bench.client.open(GROUP);
  const early: number[] = [];
  const check = (): void => {
    for (const { pts } of bench.server.framesOf("confirm")) if (pts > seen.durablePts) early.push(pts);
  };
  await flood(bench, EVENTS / 2, check);
  bench.world.post(GROUP, OTHER, "late");
  bench.server.push();
  await bench.time.advance(1);
  check();
  const pushed = bench.world.events.length;
  // Some of it was gathered and is not stored.
  deepEqual([early, seen.durablePts < pushed], [[], true]);
  bench.server.cut();
  await flood(bench, EVENTS / 2, check);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(
    [early, textsOf(bench.client, GROUP)],
    [[], [...texts(EVENTS / 2), "late", ...texts(EVENTS / 2)]],
  );
  await bench.client.stop();
});

test("a device that stops in a flood goes on from what it stored", async () => {
  const { store, seen } = watchedStore();
  const bench = createClientBench(1, store);
  await bench.begin();
  await flood(bench, EVENTS / 2);
  await bench.client.stop();
  const stored = (await store.load()).position.pts;
  const confirmed = bench.server.framesOf("confirm").map(({ pts }) => pts);
  deepEqual([stored, Math.max(...confirmed) <= stored], [seen.durablePts, true]);
  const other = bench.restart();
  await other.start();
  await bench.time.run(other.settled(60_000));
  await other.open(GROUP);
  deepEqual(textsOf(other, GROUP).slice(-EVENTS / 2), texts(EVENTS / 2).slice(-50));
  await other.stop();
});
