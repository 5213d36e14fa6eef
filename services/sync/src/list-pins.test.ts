import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEvent, type ConversationId, emptyEntry, LIST_PINS_MAX } from "@parley/protocol";
import { joined, outcomeOf, Sink, SyncBench } from "./testing/sync-bench.js";

const TEAM = "g:team" as ConversationId;

test("what is pinned comes to all devices, is in the list, and is there after a crash", async () => {
  const bench = new SyncBench();
  bench.emit(["ann"], [joined(TEAM)]);
  const ann = bench.session("ann");
  const devices = [new Sink({ epoch: 77, pts: 0 }), new Sink({ epoch: 77, pts: 0 })];
  for (const sink of devices) await bench.attach(ann, sink);

  await bench.run(bench.life.sync.setPinned(ann, { conversationId: TEAM, isPinned: true }));
  await bench.time.settle();
  await bench.run(bench.life.tables.flush());
  await bench.crash();

  const [entry] = await bench.list("ann");
  const applied = devices.map(({ events }) =>
    events.reduce((each, event) => applyEvent(each, event, ann.userId), emptyEntry(TEAM)),
  );
  assert.deepEqual({ applied, isPinned: entry!.pinnedMs > 0 }, { applied: [entry, entry], isPinned: true });
});

test("too many pins and another's conversation are refused, also after a crash", async () => {
  const bench = new SyncBench();
  const idOf = (index: number): ConversationId => `g:${index}` as ConversationId;
  const count = LIST_PINS_MAX + 1;
  bench.emit(
    ["ann"],
    Array.from({ length: count }, (_, index) => joined(idOf(index))),
  );
  const pin = (conversationId: ConversationId, isPinned = true): Promise<string> =>
    outcomeOf(bench.run(bench.life.sync.setPinned(bench.session("ann"), { conversationId, isPinned })));
  for (let index = 0; index < LIST_PINS_MAX; index++) await pin(idOf(index));
  await bench.run(bench.life.tables.flush());
  await bench.crash();

  assert.deepEqual(
    [
      await pin(idOf(LIST_PINS_MAX)),
      await pin(TEAM),
      await pin(idOf(7), false),
      await pin(idOf(LIST_PINS_MAX)),
    ],
    ["too-many-pins", "not-a-member", "ok", "ok"],
  );
});
