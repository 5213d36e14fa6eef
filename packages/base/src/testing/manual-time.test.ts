import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../ports.js";
import { ManualTime } from "./manual-time.js";

test("tasks run in the order of their times, and promises settle between them", async () => {
  const time = new ManualTime();
  const seen: string[] = [];
  time.after(20, () => seen.push("20"));
  time.after(10, () => {
    seen.push("10");
    void Promise.resolve().then(() => seen.push("promise of 10"));
  });
  time.soon(() => seen.push("soon"));
  await time.advance(20);
  assert.deepEqual(seen, ["soon", "10", "promise of 10", "20"]);
});

test("a repeated task runs once per interval until it is cancelled, also from within", async () => {
  const time = new ManualTime();
  let count = 0;
  const timer = time.every(5, () => {
    count += 1;
    if (count === 3) timer.cancel();
  });
  await time.advance(100);
  assert.deepEqual([count, time.waiting], [3, 0]);
});

test("the wall clock may jump and the monotonic one does not", () => {
  const time = new ManualTime();
  const before = [time.nowMs(), time.monotonicMs()] as const;
  time.jump(-500);
  assert.deepEqual([time.nowMs() - before[0], time.monotonicMs() - before[1]], [-500, 0]);
});

test("a promise that never settles is reported instead of waited for", async () => {
  const time = new ManualTime();
  await time.run(sleep(time, 100), 100);
  await assert.rejects(time.run(sleep(time, 101), 100), /Nothing came of it/);
});
