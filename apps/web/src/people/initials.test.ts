import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { HUES, hueOf, initialsOf } from "./initials.js";

test("initials are of the first and last word, or the first character of a Chinese name", () => {
  deepEqual(
    [
      "Ada Lovelace",
      "ada",
      "Ada King Lovelace",
      "陈晓雯",
      "Launch · 发布",
      "👩‍💻 team",
      "",
      "ubuntu-devel",
    ].map(initialsOf),
    ["AL", "A", "AL", "陈", "L发", "👩‍💻T", "?", "UD"],
  );
});

test("colours are within their number, stay the same, and are spread", () => {
  const hues = Array.from({ length: 4_000 }, (_, index) => hueOf(`user-${index}`));
  const counts = Array.from({ length: HUES }, (_, hue) => hues.filter((each) => each === hue).length);
  const isSpread = counts.every((count) => count > 300 && count < 700);
  deepEqual(
    [isSpread, counts.reduce((sum, count) => sum + count), hueOf("ada") === hueOf("ada")],
    [true, 4_000, true],
  );
});
