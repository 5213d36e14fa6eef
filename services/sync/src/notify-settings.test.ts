import assert from "node:assert/strict";
import { test } from "node:test";
import type { NotifyChange } from "@parley/contracts";
import {
  applyEvent,
  type ConversationId,
  DoNotDisturb,
  emptyEntry,
  filled,
  type QuietSpan,
} from "@parley/protocol";
import { joined, outcomeOf, Sink, SyncBench } from "./testing/sync-bench.js";

const TEAM = "g:team" as ConversationId;
const QUIET = filled(DoNotDisturb, {
  isOn: true,
  timeZone: "Asia/Shanghai",
  spans: [{ days: [0, 6], fromMinute: 0, untilMinute: 1439 }],
  letsMentionsThrough: true,
});

test("what is set comes to all devices, is in the list, and is there after a crash", async () => {
  const bench = new SyncBench();
  bench.emit(["ann"], [joined(TEAM)]);
  const ann = bench.session("ann");
  const devices = [new Sink({ epoch: 77, pts: 0 }), new Sink({ epoch: 77, pts: 0 })];
  for (const sink of devices) await bench.attach(ann, sink);

  const set = bench.life.settings;
  await bench.run(set.setNotify(ann, { conversationId: TEAM, level: "mentions", mutedUntilMs: 5 }));
  await bench.run(set.setNotify(ann, { doNotDisturb: QUIET }));
  await bench.time.settle();
  await bench.run(bench.life.tables.flush());
  await bench.crash();

  const [entry] = await bench.list("ann");
  const applied = devices.map(({ events }) =>
    events
      .filter(({ settings }) => settings?.doNotDisturb === undefined)
      .reduce((each, event) => applyEvent(each, event, ann.userId), emptyEntry(TEAM)),
  );
  assert.deepEqual(
    {
      entry,
      level: entry?.notifyLevel,
      mutedUntilMs: entry?.mutedUntilMs,
      told: devices.map(({ events }) => events.at(-1)?.settings?.doNotDisturb),
      kept: await bench.run(bench.life.settings.doNotDisturb(ann)),
    },
    { entry: applied[0], level: "mentions", mutedUntilMs: 5, told: [QUIET, QUIET], kept: QUIET },
  );
  assert.deepEqual(applied[0], applied[1]);
});

test("who never set anything is never quiet", async () => {
  const bench = new SyncBench();

  assert.equal(await bench.run(bench.life.settings.doNotDisturb(bench.session("ann"))), undefined);
});

const span = (changes: Partial<QuietSpan>): NotifyChange => ({
  doNotDisturb: { ...QUIET, spans: [{ days: [], fromMinute: 0, untilMinute: 1, ...changes }] },
});
const REFUSED: readonly (readonly [string, NotifyChange, string])[] = [
  ["a level of none", { conversationId: TEAM, level: "loud" as "all", mutedUntilMs: 0 }, "bad-request"],
  ["another's conversation", { conversationId: TEAM, level: "all", mutedUntilMs: 0 }, "not-a-member"],
  ["a time zone of none", { doNotDisturb: { ...QUIET, timeZone: "Mars/Base" } }, "bad-request"],
  ["a long name of a time zone", { doNotDisturb: { ...QUIET, timeZone: "x".repeat(65) } }, "bad-request"],
  ["too many spans", { doNotDisturb: { ...QUIET, spans: Array(15).fill(QUIET.spans[0]) } }, "bad-request"],
  ["an eighth day", span({ days: [7] }), "bad-request"],
  ["more days than there are", span({ days: [0, 1, 2, 3, 4, 5, 6, 0] }), "bad-request"],
  ["a minute of the next day", span({ fromMinute: 1440 }), "bad-request"],
];

for (const [what, change, code] of REFUSED) {
  test(`${what} is refused`, async () => {
    const bench = new SyncBench();

    const outcome = outcomeOf(bench.run(bench.life.settings.setNotify(bench.session("ann"), change)));

    assert.equal(await outcome, code);
  });
}
