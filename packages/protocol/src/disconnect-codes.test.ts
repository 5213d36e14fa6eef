import assert from "node:assert/strict";
import { test } from "node:test";
import { afterDisconnect } from "./close-ranges.js";
import { DISCONNECT } from "./disconnect-codes.js";

test("the range of a code says what to do, also for codes that are not known", () => {
  const after = [1000, 1001, 1006, 1009, 1011, 3999, 4000, 4499, 4500, 4899, 4900, 4999, 5000].map((code) => [
    code,
    afterDisconnect(code),
  ]);
  assert.deepEqual(after, [
    [1000, "return"],
    [1001, "return"],
    [1006, "return"],
    [1009, "return"],
    [1011, "return"],
    [3999, "return"],
    [4000, "return"],
    [4499, "return"],
    [4500, "stay-away"],
    [4899, "stay-away"],
    [4900, "sign-in"],
    [4999, "sign-in"],
    [5000, "return"],
  ]);
});

test("codes never change, and each lies in the range of what it asks for", () => {
  const codes = Object.entries(DISCONNECT).map(([reason, { code }]) => [reason, code, afterDisconnect(code)]);
  assert.deepEqual(codes, [
    ["draining", 4000, "return"],
    ["slowConsumer", 4001, "return"],
    ["heartbeatMissed", 4002, "return"],
    ["helloMissed", 4003, "return"],
    ["busy", 4004, "return"],
    ["internal", 4005, "return"],
    ["malformed", 4500, "stay-away"],
    ["tooLarge", 4501, "stay-away"],
    ["unknownFrame", 4502, "stay-away"],
    ["versionNotServed", 4503, "stay-away"],
    ["replaced", 4504, "stay-away"],
    ["sessionInvalid", 4900, "sign-in"],
  ]);
});

test("a meaning fits into the reason of a close frame", () => {
  const tooLong = Object.values(DISCONNECT).filter(({ meaning }) => Buffer.byteLength(meaning) > 120);
  assert.deepEqual(tooLong, []);
});
