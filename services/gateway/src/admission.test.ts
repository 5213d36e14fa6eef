/** Devices that come back all at once, cited by the invariants at the head of admission.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { Admission } from "./admission.js";

const PER_SECOND = 100;

/** Comes, and comes again when it is told to. */
function arrive(time: ManualTime, admission: Admission, begunMs: number[], tries: number[] = []): void {
  const come = (): void => {
    const afterMs = admission.admit(() => void begunMs.push(time.monotonicMs()));
    if (afterMs === 0) return;
    tries.push(afterMs);
    time.after(afterMs, come);
  };
  come();
}

test("A1: devices that come evenly begin at once", async () => {
  const time = new ManualTime();
  const admission = new Admission({ clock: time, scheduler: time, perSecond: PER_SECOND });
  const begunMs: number[] = [];
  const cameMs: number[] = [];
  for (let index = 0; index < 200; index++) {
    cameMs.push(time.monotonicMs());
    arrive(time, admission, begunMs);
    await time.advance(11);
  }
  assert.deepEqual(begunMs, cameMs);
});

test("A1, A2, A3: of a thousand who come at once all are in after little more than their share of time, each told once", async () => {
  const time = new ManualTime();
  const admission = new Admission({ clock: time, scheduler: time, perSecond: PER_SECOND });
  const begunMs: number[] = [];
  const told: number[] = [];
  const startMs = time.monotonicMs();
  for (let index = 0; index < 1_000; index++) arrive(time, admission, begunMs, told);
  const atOnce = begunMs.length;
  await time.advance(60_000);
  const allMs = Math.max(...begunMs) - startMs;
  assert.equal(begunMs.length, 1_000);
  assert.ok(atOnce <= PER_SECOND, `${atOnce} at once`);
  assert.ok(allMs < 12_500, `${allMs} ms`);
  assert.equal(new Set(told).size, told.length, "each has a time of its own");
  // Nobody was sent away twice.
  assert.deepEqual(admission.counts, { admitted: 1_000, sentAway: told.length });
  for (let fromMs = startMs; fromMs < startMs + 12_000; fromMs += 500) {
    const begun = begunMs.filter((ms) => ms >= fromMs && ms < fromMs + 1_000).length;
    assert.ok(begun <= PER_SECOND * 1.3, `${begun} in a second`);
  }
});

test("A3: nobody is told to stay away for longer than five minutes, however many come", async () => {
  const time = new ManualTime();
  const admission = new Admission({ clock: time, scheduler: time, perSecond: 1 });
  const told = Array.from({ length: 1_000 }, () => admission.admit(() => undefined));
  assert.equal(Math.max(...told), 5 * 60_000);
});

test("after a storm devices begin at once again", async () => {
  const time = new ManualTime();
  const admission = new Admission({ clock: time, scheduler: time, perSecond: PER_SECOND });
  const begunMs: number[] = [];
  for (let index = 0; index < 1_000; index++) arrive(time, admission, begunMs);
  await time.advance(60_000);
  let isIn = false;
  assert.equal(
    admission.admit(() => (isIn = true)),
    0,
  );
  assert.ok(isIn);
});
