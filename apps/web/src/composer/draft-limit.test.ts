import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { TEXT_BYTES_MAX } from "@parley/protocol";
import { draftLimit, textToSend } from "./draft-limit.js";

test("the limit is told when it is near and when it is passed", () => {
  const a = (count: number): string => "a".repeat(count);
  const han = (count: number): string => "字".repeat(count);
  deepEqual(
    [
      "",
      a(TEXT_BYTES_MAX - 1_001),
      a(TEXT_BYTES_MAX - 1_000),
      a(TEXT_BYTES_MAX),
      a(TEXT_BYTES_MAX + 1),
      han(Math.floor(TEXT_BYTES_MAX / 3) + 1),
    ].map(draftLimit),
    [
      { kind: "fine" },
      { kind: "fine" },
      { kind: "near", bytesLeft: 1_000 },
      { kind: "near", bytesLeft: 0 },
      { kind: "over", bytesOver: 1 },
      { kind: "over", bytesOver: 2 },
    ],
  );
});

test("white space around a text is not sent, and white space alone is nothing", () => {
  deepEqual(["  a\n\n b \n", " \n\t "].map(textToSend), ["a\n\n b", undefined]);
});
