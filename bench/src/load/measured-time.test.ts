import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../histogram.js";
import { pause } from "../pause.js";
import { MeasuredTime } from "./measured-time.js";
import { Pace } from "./pace.js";

test("what was due within the measured time counts, also when it comes after it; nothing else does", async () => {
  const time = new MeasuredTime();
  const histogram = new Histogram();
  const counts: number[] = [];
  const add = (dueMs: number): void => {
    time.add(histogram, dueMs);
    counts.push(histogram.count);
  };
  add(performance.now());
  const beforeMs = performance.now();
  await pause(2);
  time.begin();
  add(beforeMs);
  const dueMs = performance.now();
  add(dueMs);
  const isNow = [time.isNow];
  time.end();
  isNow.push(time.isNow);
  add(dueMs);
  await pause(2);
  add(performance.now());
  time.begin();
  add(dueMs);
  deepEqual(
    [counts, isNow],
    [
      [0, 0, 1, 2, 2, 2],
      [true, false],
    ],
  );
});

test("a pace makes due what the clock says, begins anew with each start, and ends when it is stopped", async () => {
  const due: (readonly [number, number])[] = [];
  const pace = new Pace(1_000, (dueMs, index) => due.push([dueMs, index]));
  for (let start = 0; start < 2; start++) {
    due.length = 0;
    pace.start();
    while (due.length < 5) await pause(1);
  }
  pace.stop();
  const count = due.length;
  await pause(5);
  const [firstMs] = due[0]!;
  deepEqual(
    [due.length, due.map(([, index]) => index), due.map(([dueMs]) => Math.round(dueMs - firstMs))],
    [count, Array.from({ length: count }, (_, index) => index), Array.from({ length: count }, (_, ms) => ms)],
  );
});
