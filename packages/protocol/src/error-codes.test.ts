import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES } from "./error-meanings.js";

test("codes are kebab-case, their policies are known, and their meanings are sentences", () => {
  const odd = Object.entries(ERROR_CODES).filter(
    ([code, { retry, meaning }]) =>
      !/^[a-z]+(-[a-z]+)*$/.test(code) ||
      !["never", "same", "after-change"].includes(retry) ||
      !/^[A-Z].*\.$/.test(meaning),
  );
  assert.deepEqual(odd, []);
});

test("what may have happened, or may pass, is repeated as it was", () => {
  const same = Object.entries(ERROR_CODES)
    .filter(([, { retry }]) => retry === "same")
    .map(([code]) => code);
  assert.deepEqual(same, [
    "too-early",
    "too-many-requests",
    "storage-full",
    "unavailable",
    "outcome-unknown",
    "internal",
  ]);
});
