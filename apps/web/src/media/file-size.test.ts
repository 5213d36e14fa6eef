import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { durationText, fileSize } from "./file-size.js";

test("a size is said in the unit that is short", () => {
  deepEqual(
    [1, 820, 999, 1_000, 1_234_567, 999_600, 12_345_678, 5e9].map((bytes) => fileSize(bytes, "en")),
    ["1 byte", "820 bytes", "999 bytes", "1 kB", "1.2 MB", "1 MB", "12 MB", "5 GB"],
  );
});

test("a duration is said in minutes and seconds, and in hours where there are any", () => {
  deepEqual([0, 200, 7_400, 725_000, 3_723_000].map(durationText), ["", "0:01", "0:07", "12:05", "1:02:03"]);
});
