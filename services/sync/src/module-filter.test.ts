/** What devices are pushed of events of modules, each sink checking that every place of the queue comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "@parley/contracts";
import { TopicRow } from "@parley/domain";
import {
  AHEAD_MAX,
  type ConversationId,
  decode,
  encode,
  Event,
  filled,
  type Init,
  ModuleEvent,
  type ModuleName,
  type UserId,
} from "@parley/protocol";
import { EPOCH, message, Sink, SyncBench, TENANT } from "./testing/sync-bench.js";

const GROUP = "g:large" as ConversationId;

function said(id: string, more: Partial<ModuleEvent> = {}): Init<Event> {
  return { module: filled(ModuleEvent, { module: "todo" as ModuleName, id, ...more }) };
}

/** A sink of a device of a kind, at the beginning of the queue or behind `pts`. */
class KindSink extends Sink {
  readonly deviceKind: string;

  constructor(deviceKind: string, pts: number) {
    super({ epoch: EPOCH, pts });
    this.deviceKind = deviceKind;
  }

  /** The ids of the events, of others what they are, "-" for an empty place. */
  get told(): readonly string[] {
    return this.events.map(({ module, message: of }) => module?.id ?? (of === undefined ? "-" : "message"));
  }
}

async function told(bench: SyncBench, session: Session, kind: string): Promise<readonly string[]> {
  const sink = new KindSink(kind, 0);
  const feed = await bench.attach(session, sink);
  // Places without an event wait for company.
  await bench.time.advance(1_000);
  feed.close();
  return sink.told;
}

async function benchWith(events: readonly Init<Event>[]): Promise<SyncBench> {
  const bench = new SyncBench();
  for (const event of events) bench.emit(["ann"], [event]);
  await bench.run(bench.life.processor.recovered());
  await bench.time.settle();
  return bench;
}

test("events for some kinds or devices come to these, and leave their place to the others", async () => {
  const bench = await benchWith([
    said("all"),
    said("phones", { deviceKinds: ["phone", "tablet"] }),
    message("g:a", 1),
    said("mine", { deviceIds: ["ann-web" as never] }),
  ]);
  const phone = await told(bench, bench.session("ann"), "phone");
  const web = await told(bench, bench.session("ann", "ann-web"), "web");
  const silent = await told(bench, bench.session("ann", "ann-old"), "");
  assert.deepEqual(
    [phone, web, silent],
    [
      ["all", "phones", "message", "-"],
      ["all", "-", "message", "mine"],
      ["all", "-", "message", "-"],
    ],
  );
});

test("what is pushed from memory is for its devices only, too", async () => {
  const bench = new SyncBench();
  const phone = new KindSink("phone", 0);
  const web = new KindSink("web", 0);
  await bench.attach(bench.session("ann"), phone);
  await bench.attach(bench.session("ann", "ann-web"), web);
  bench.emit(["ann"], [said("phones", { deviceKinds: ["phone"] })]);
  bench.emit(["ann"], [message("g:a", 1)]);
  await bench.time.settle();
  assert.deepEqual(
    [phone.told, web.told],
    [
      ["phones", "message"],
      ["-", "message"],
    ],
  );
});

test("an event is pushed until it expires", async () => {
  const seen = [];
  for (const afterMs of [499, 500]) {
    const bench = await benchWith([said("e-1", { expiresAtMs: new SyncBench().time.nowMs() + 500 })]);
    await bench.time.advance(afterMs);
    seen.push(await told(bench, bench.session("ann"), "phone"));
  }
  assert.deepEqual(seen, [["e-1"], ["-"]]);
});

test("of events with one key a device that was away gets the newest, and who is there gets all", async () => {
  const bench = new SyncBench();
  const there = new KindSink("phone", 0);
  await bench.attach(bench.session("ann"), there);
  const key = { collapseKey: "list-7" };
  const other = { module: "calls" as ModuleName, ...key };
  for (const event of [said("a", key), said("b", other), said("c", key), said("d"), said("e", key)])
    bench.emit(["ann"], [event]);
  await bench.time.settle();
  const away = await told(bench, bench.session("ann", "ann-web"), "web");
  assert.deepEqual(
    [there.told, away],
    [
      ["a", "b", "c", "d", "e"],
      ["-", "b", "-", "d", "e"],
    ],
  );
});

test("after a crash the newest of a key is the same", async () => {
  const key = { collapseKey: "list-7" };
  const bench = await benchWith([said("a", key), said("b", key)]);
  await bench.restart();
  await bench.run(bench.life.processor.recovered());
  assert.deepEqual(await told(bench, bench.session("ann"), "phone"), ["-", "b"]);
});

test("an id counts once in a batch, over batches and after a crash", async () => {
  const bench = await benchWith([said("a"), said("a")]);
  bench.emit(["ann", "bob"], [said("a")]);
  await bench.time.settle();
  await bench.crash();
  bench.emit(["ann", "bob"], [said("a"), said("b")]);
  await bench.time.settle();
  const ann = await told(bench, bench.session("ann"), "phone");
  const bob = await told(bench, bench.session("bob"), "phone");
  assert.deepEqual(
    [ann, bob],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  );
});

test("what is held in memory for a device is replaced, too, and expires there", async () => {
  const bench = new SyncBench();
  const sink = new KindSink("phone", 0);
  const feed = await bench.attach(bench.session("ann"), sink);
  sink.room = false;
  const key = { collapseKey: "list-7" };
  const expiresAtMs = bench.time.nowMs() + 500;
  for (const event of [said("a", key), said("b"), said("c", { expiresAtMs }), said("d", key)])
    bench.emit(["ann"], [event]);
  await bench.time.settle();
  await bench.time.advance(500);
  // Nothing is read from here on.
  await bench.run(bench.life.tables.flush());
  bench.life.engine.failure = new Error("no reads");
  sink.room = true;
  feed.resume();
  await bench.time.advance(1_000);
  assert.deepEqual([sink.told, sink.failures], [["-", "b", "-", "d"], 0]);
});

test("more keys than are noted in memory are looked up instead", async () => {
  const bench = new SyncBench();
  const sink = new KindSink("phone", 0);
  const feed = await bench.attach(bench.session("ann"), sink);
  sink.room = false;
  const ids = Array.from({ length: 400 }, (_, index) => `e-${index}`);
  for (const [index, id] of ids.entries())
    bench.emit(["ann"], [said(id, { collapseKey: `k-${index % 300}` })]);
  await bench.time.settle();
  sink.room = true;
  feed.resume();
  await bench.time.advance(1_000);
  feed.confirm({ epoch: EPOCH, pts: sink.events.length });
  await bench.time.advance(1_000);
  assert.deepEqual(sink.told, [...ids.slice(0, 100).map(() => "-"), ...ids.slice(100)]);
});

test("so many keys are noted while events wait in memory; with more these are given up, and read again", async () => {
  const pushed = [];
  for (const count of [257, 258]) {
    const bench = new SyncBench();
    const sink = new KindSink("phone", 0);
    const feed = await bench.attach(bench.session("ann"), sink);
    sink.room = false;
    // The first waits before any key is noted.
    for (let index = 0; index < count; index++)
      bench.emit(["ann"], [said(`e-${index}`, { collapseKey: `k-${index}` })]);
    await bench.time.settle();
    await bench.run(bench.life.tables.flush());
    bench.life.engine.failure = new Error("no reads");
    sink.room = true;
    feed.resume();
    await bench.time.advance(1_000);
    pushed.push(sink.told.length > 0);
  }
  assert.deepEqual(pushed, [true, false]);
});

test("urgent events do not wait behind others: copies go ahead, so many at most, and all come in their places", async () => {
  const bench = new SyncBench();
  const sink = new KindSink("phone", 0);
  const feed = await bench.attach(bench.session("ann"), sink);
  sink.room = false;
  bench.emit(["ann"], [said("a"), said("b", { priority: 1, deviceKinds: ["web"] })]);
  const urgent = Array.from({ length: AHEAD_MAX + 2 }, (_, index) => `u-${index}`);
  for (const id of urgent) bench.emit(["ann"], [said(id, { priority: 1 })]);
  await bench.time.settle();
  const whileFull = [sink.told, sink.aheads];
  sink.room = true;
  feed.resume();
  await bench.time.settle();
  const all = ["a", "-", ...urgent];
  const after = sink.told;
  sink.room = false;
  bench.emit(["ann"], [said("late", { priority: 1 })]);
  await bench.time.settle();
  const ahead = urgent.slice(0, AHEAD_MAX).map((id, index) => `${index + 3} ${id}`);
  assert.deepEqual(
    [whileFull, after, sink.aheads],
    [[[], sink.aheads], all, [...ahead, `${all.length + 1} late`]],
  );
});

test("an urgent event that can be pushed at once is pushed once", async () => {
  const bench = new SyncBench();
  const sink = new KindSink("phone", 0);
  await bench.attach(bench.session("ann"), sink);
  bench.emit(["ann"], [said("u", { priority: 1 })]);
  await bench.time.settle();
  assert.deepEqual([sink.told, sink.aheads], [["u"], []]);
});

test("in the topic of a large group the same holds", async () => {
  const bench = new SyncBench();
  const topic = bench.topics.topic(GROUP);
  topic.members.set("ann" as UserId, 1);
  const say = (event: Init<Event>): void => {
    const row = filled(TopicRow, { event: encode(Event, event) });
    topic.rows.push(row);
    bench.life.topicFeeds.onTold({ tenantId: TENANT, conversationId: GROUP }, topic.rows.length, [row]);
  };
  const key = { collapseKey: "list-7" };
  for (const event of [said("a", key), said("b", key), said("c", { deviceKinds: ["web"] })]) say(event);
  const pushed: (string | undefined)[] = [];
  const sink = new KindSink("phone", 0);
  sink.push = (_epoch, _firstPts, events) => {
    for (const bytes of events) pushed.push(bytes.length === 0 ? "-" : idOf(bytes));
  };
  const feed = await bench.attach(bench.session("ann"), sink);
  await bench.run(feed.follow(EPOCH, [{ conversationId: GROUP, pts: 0 }]));
  for (const event of [said("d", key), said("e", { deviceKinds: ["web"] })]) say(event);
  await bench.time.settle();
  await bench.time.advance(1_000);
  assert.deepEqual(pushed, ["-", "b", "-", "d", "-"]);
});

function idOf(bytes: Uint8Array): string | undefined {
  return decode(Event, bytes).module?.id;
}
