import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { CommitPace } from "./commit-pace.js";

/** When each commit begins of events that come `everyMs`, when a commit takes `commitMs`. */
function beginnings(everyMs: number, commitMs: number): readonly number[] {
  const pace = new CommitPace();
  const begun: number[] = [];
  let freeMs = 0;
  let lastMs = -1;
  for (let atMs = 0; atMs <= 1000; atMs += everyMs) {
    // An earlier commit takes it with it.
    if (atMs <= lastMs) continue;
    const readyMs = Math.max(atMs, freeMs);
    lastMs = readyMs + pace.waitMs(readyMs);
    begun.push(lastMs);
    freeMs = lastMs + commitMs;
    pace.note(freeMs);
  }
  return begun;
}

test("events that come now and then are committed at once", () => {
  deepEqual(beginnings(100, 5), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
});

test("a few that come together are committed at once, and of a flood those of one step share a commit", () => {
  const begun = beginnings(5, 2);
  deepEqual(begun.slice(0, 6), [0, 5, 10, 15, 52, 102]);
  const steps = begun.slice(5).map((atMs, index) => atMs - begun[index + 4]!);
  deepEqual(new Set(steps), new Set([50]));
});

test("after a quiet time it is as in the beginning", () => {
  const pace = new CommitPace();
  for (let atMs = 0; atMs < 100; atMs++) pace.note(atMs);
  deepEqual([pace.waitMs(100) > 0, pace.waitMs(10_000)], [true, 0]);
});

test("a commit that takes longer than a step delays the next one not twice", () => {
  const pace = new CommitPace();
  for (let endMs = 200; endMs <= 2000; endMs += 200) pace.note(endMs);
  deepEqual(pace.waitMs(2000), 0);
});
