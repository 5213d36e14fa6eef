import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { SpaceSaving } from "./space-saving.js";

const CAPACITY = 5;
const arbitraryStream = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.integer({ min: 1, max: 8 })), {
  maxLength: 200,
  size: "max",
});

describe("space-saving counts", () => {
  test("bound what was really seen from both sides, and leave out no key with more than its share", () => {
    fc.assert(
      fc.property(arbitraryStream, (stream) => {
        const saving = new SpaceSaving(CAPACITY);
        const exact = new Map<string, number>();
        for (const [number, weight] of stream) {
          const key = `k${number}`;
          exact.set(key, (exact.get(key) ?? 0) + weight);
          const before = saving.heaviest(CAPACITY);
          const isNew = saving.add(key, weight) < 0;
          // Whoever comes new takes the place of the one that is counted least.
          const error = before.length < CAPACITY ? 0 : before.at(-1)!.count;
          ok(!isNew || saving.heaviest(CAPACITY).find((each) => each.key === key)!.error === error);
        }
        const total = stream.reduce((sum, [, weight]) => sum + weight, 0);
        const heavy = saving.heaviest(CAPACITY);
        for (const { key, count, error } of heavy) {
          const seen = exact.get(key)!;
          ok(count >= seen && count - error <= seen);
        }
        const counted = new Set(heavy.map(({ key }) => key));
        for (const [key, seen] of exact) ok(seen * CAPACITY <= total || counted.has(key));
        equal(
          heavy.reduce((sum, { count }) => sum + count, 0),
          total,
        );
      }),
    );
  });

  test("are exact while there is room, and come in falling order", () => {
    const saving = new SpaceSaving(CAPACITY);
    for (const key of ["b", "a", "b", "c", "b", "a"]) saving.add(key, 1);
    deepEqual(
      saving.heaviest(2).map(({ key, count, error }) => [key, count, error]),
      [
        ["b", 3, 0],
        ["a", 2, 0],
      ],
    );
  });

  test("say which slot a key has, and when it is new there", () => {
    const saving = new SpaceSaving(2);
    const answers = ["a", "b", "a", "c", "c", "b"].map((key) => saving.add(key, 1));
    deepEqual(answers, [-1, -2, 0, -2, 1, -1]);
  });

  test("begin afresh when cleared", () => {
    const saving = new SpaceSaving(2);
    for (const key of ["a", "b", "c"]) saving.add(key, 1);
    saving.clear();
    saving.add("d", 1);
    deepEqual(saving.heaviest(9), [{ key: "d", slot: 0, count: 1, error: 0 }]);
  });
});
