import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";

import { Histogram } from "./histogram.js";

test("an empty histogram has no quantile", () => {
  ok(Number.isNaN(new Histogram().quantileMs(0.5)));
});

test("quantiles of a known series are right to one percent and never below the truth", () => {
  const histogram = new Histogram();
  for (let microseconds = 1; microseconds <= 100_000; microseconds++) histogram.add(microseconds / 1000);
  const wrong = [0.01, 0.5, 0.9, 0.99, 0.999, 1].filter((share) => {
    const truthMs = (100_000 * share) / 1000;
    const found = histogram.quantileMs(share);
    return found < truthMs - 1e-9 || found > truthMs * 1.01;
  });
  deepEqual([wrong, histogram.count, histogram.maxMs], [[], 100_000, 100]);
});

test("one slow answer among a thousand is the largest quantile and does not move the median", () => {
  const histogram = new Histogram();
  for (let count = 0; count < 999; count++) histogram.add(0.1);
  histogram.add(12_345.678);
  deepEqual(
    [histogram.quantileMs(0.5), histogram.quantileMs(0.99), histogram.quantileMs(1)],
    [0.1, 0.1, 12_345.678],
  );
});

test("durations beyond the range and below zero are counted at its ends", () => {
  const histogram = new Histogram();
  histogram.add(-1);
  histogram.add(1e15);
  equal(histogram.count, 2);
  ok(histogram.quantileMs(1) >= 2 ** 36 / 1000);
});
