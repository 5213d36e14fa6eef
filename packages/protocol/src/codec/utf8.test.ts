import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryText } from "../testing/arbitrary-message.js";
import { fromHex, toHex } from "../testing/hex.js";
import { readUtf8, writeUtf8 } from "./utf8.js";

function written(text: string): string {
  const target = new Uint8Array(text.length * 3 + 2);
  const length = writeUtf8(text, target, 1);
  return toHex(target.subarray(1, 1 + length));
}

test("text is written as UTF-8 says", () => {
  fc.assert(
    fc.property(arbitraryText, (text) => assert.equal(written(text), Buffer.from(text).toString("hex"))),
    { numRuns: 2000 },
  );
});

test("text comes back, wherever it stands", () => {
  fc.assert(
    fc.property(arbitraryText, fc.nat({ max: 9 }), (text, offset) => {
      const bytes = Uint8Array.from(Buffer.from(`${"#".repeat(offset)}${text}#`));
      assert.equal(readUtf8(bytes, offset, bytes.length - 1), text);
    }),
    { numRuns: 2000 },
  );
});

test("half a surrogate pair is written as the replacement character", () => {
  const lone = ["\ud83d", "a\udc4b", `${"a".repeat(60)}\ud83d`].map(written);
  assert.deepEqual(lone, ["efbfbd", "61efbfbd", `${"61".repeat(60)}efbfbd`]);
});

test("a byte order mark and NUL are text like any other", () => {
  const text = "\ufeffa\u0000b\ufeff";
  assert.equal(readUtf8(fromHex(written(text)), 0, 9), text);
});

test("what is not UTF-8 is a TypeError, at any length", () => {
  for (const bad of ["80", "c3", "c328", "c080", "e28228", "eda080", "f0288cbc", "f4908080", "fe", "ff"]) {
    for (const before of [0, 47, 48, 49, 100]) {
      const bytes = fromHex(`${"61".repeat(before)}${bad}`);
      assert.throws(() => readUtf8(bytes, 0, bytes.length), TypeError, `${before} then ${bad}`);
    }
  }
});
