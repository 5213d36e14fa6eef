import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { FIELD, nextIndex } from "./next-index.js";

test("the arrows go through the field and the rows, Home and End through the rows", () => {
  const from = (index: number): readonly (number | undefined)[] =>
    ["ArrowDown", "ArrowUp", "Home", "End", "a"].map((key) => nextIndex(key, index, 3));
  deepEqual([FIELD, 0, 1, 2].map(from), [
    [0, undefined, undefined, undefined, undefined],
    [1, FIELD, 0, 2, undefined],
    [2, 0, 0, 2, undefined],
    [undefined, 1, 0, 2, undefined],
  ]);
});

test("an empty list is not entered", () => {
  deepEqual(nextIndex("ArrowDown", FIELD, 0), undefined);
});
