import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRange } from "./byte-range.js";

const CASES: readonly (readonly [string | undefined, unknown])[] = [
  [undefined, undefined],
  ["bytes=0-9", { start: 0, end: 10 }],
  ["bytes=90-", { start: 90, end: 100 }],
  ["bytes=90-1000", { start: 90, end: 100 }],
  ["bytes=-10", { start: 90, end: 100 }],
  ["bytes=-1000", { start: 0, end: 100 }],
  ["bytes=99-99", { start: 99, end: 100 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-4", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,5-6", undefined],
  ["bytes=a-b", undefined],
  ["bytes=1e1-20", undefined],
  ["lines=0-9", undefined],
  [`bytes=${"9".repeat(15)}-`, "unsatisfiable"],
  [`bytes=0-${"9".repeat(300)}`, undefined],
];

test("a range is of the file, or none", () => {
  assert.deepEqual(
    CASES.map(([header]) => [header, parseRange(header, 100)]),
    CASES,
  );
});
