import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NONE } from "../history/column.js";
import { Ladder } from "./ladder.js";

const numbers = fc.uniqueArray(fc.oneof(fc.nat(300), fc.integer({ min: 1, max: 4_000_000_000 })), {
  maxLength: 200,
});

test("a ladder has what was set, wherever it is", () => {
  fc.assert(
    fc.property(numbers, numbers, (mine, others) => {
      const ladder = new Ladder();
      for (const number of mine) ladder.set(1, number, number % 1000);
      for (const number of others) ladder.set(2, number, 7);
      const asked = [...new Set([...mine, ...others])];
      assert.deepEqual(
        asked.map((number) => ladder.get(1, number)),
        asked.map((number) => (mine.includes(number) ? number % 1000 : NONE)),
      );
      assert.deepEqual([ladder.count(1), ladder.last(1)], [mine.length, Math.max(0, ...mine)]);
    }),
  );
});

test("a ladder knows where its holes begin", () => {
  fc.assert(
    fc.property(numbers, (set) => {
      const ladder = new Ladder();
      for (const number of set) ladder.set(0, number, 1);
      const sorted = set.filter((number) => number > 0).toSorted((a, b) => a - b);
      const expected = sorted.flatMap((number, index) => {
        const before = sorted[index - 1] ?? 0;
        return number > before + 1 ? [before + 1] : [];
      });
      assert.deepEqual(ladder.holes(0), expected);
    }),
  );
});

test("nobody has no holes", () => {
  assert.deepEqual([new Ladder().holes(3), new Ladder().last(3), new Ladder().count(3)], [[], 0, 0]);
});
