import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { partitionOf } from "./partition.js";

// Records lie in these partitions on the disks of installations. The values come from another implementation.
test("a key is in the partition that it was always in", () => {
  const keys = ["", "a", "acme/ada", "c-01ARYZ6S41TSV4RRFFQ69G5FAV", "Zoë", "😀"];
  deepEqual(
    keys.map((key) => [partitionOf(key, 8), partitionOf(key, 1024)]),
    [
      [4, 1020],
      [4, 308],
      [7, 503],
      [1, 257],
      [0, 408],
      [3, 731],
    ],
  );
});

test("every key has one of the partitions", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 65_535 }), (key, count) => {
      const partition = partitionOf(key, count);
      ok(Number.isInteger(partition) && partition >= 0 && partition < count);
    }),
  );
});

test("short keys that differ at the end only are spread over all partitions", () => {
  const counts = Array.from({ length: 8 }, () => 0);
  for (let index = 0; index < 8000; index++) counts[partitionOf(`acme/user-${index}`, 8)]! += 1;
  // A fair coin is within 20 % of 1000 in all eight, beyond any doubt.
  ok(Math.min(...counts) > 800 && Math.max(...counts) < 1200, counts.join());
});
