import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { foundParts } from "./found-text.js";

/** As text, matches in brackets. */
function line(text: string, spans: readonly number[]): string {
  return foundParts(text, spans)
    .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
    .join("");
}

test("matches are marked in what stands around the first of them", () => {
  const long = `${"before ".repeat(20)}match and more ${"after ".repeat(40)}`;
  deepEqual(
    [
      line("the apple tree", [4, 9]),
      line("项目进度", [0, 2, 2, 4]),
      line("apple", []),
      line("", []),
      line(long, [140, 145]).slice(0, 40),
      line(long, [140, 145]).endsWith("…"),
    ],
    ["the [apple] tree", "[项目][进度]", "apple", "", `…${long.slice(116, 140)}[match] and mor`, true],
  );
});

test("no character is cut in two", () => {
  const text = `${"😀".repeat(30)}x`;
  const parts = foundParts(text, [60, 61]);
  deepEqual(
    parts.every((part) => !/\p{Cs}/u.test(part.text)),
    true,
  );
});
