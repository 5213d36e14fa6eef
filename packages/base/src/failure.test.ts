import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode, messageOf, reasonOf } from "./failure.js";

test("a reason names what failed and what caused it, down to a limit", () => {
  const full = new Failure("tables-full", "No space is left.");
  const failed = new Failure("tables-failed", "Rows were not written.", { cause: full });
  let deep: Error = new Error("0");
  for (let depth = 1; depth < 9; depth++) deep = new Error(String(depth), { cause: deep });
  deepEqual(
    [reasonOf(failed), reasonOf("thrown as a string"), reasonOf(deep)],
    [
      "Rows were not written. Cause: No space is left.",
      "thrown as a string",
      "8 Cause: 7 Cause: 6 Cause: 5 Cause: 4",
    ],
  );
});

test("a failure is never retried unless it says so, and carries what it was given", () => {
  const cause = new Error("disk");
  const plain = new Failure("gone", "It is gone.");
  const full = new Failure("busy", "Later.", {
    retry: "same",
    retryAfterMs: 100,
    cause,
    details: { limit: 5 },
  });
  const facts = ({ code, retry, retryAfterMs, details, cause: why }: Failure): readonly unknown[] => [
    code,
    retry,
    retryAfterMs,
    details,
    why,
  ];
  deepEqual(
    [facts(plain), "cause" in plain, facts(full)],
    [["gone", "never", 0, {}, undefined], false, ["busy", "same", 100, { limit: 5 }, cause]],
  );
});

test("the code is found on a failure of another copy of this package, and on nothing else", () => {
  const copy = Object.assign(new Error("x"), { name: "Failure", code: "gone" });
  const system = Object.assign(new Error("x"), { code: "ENOENT" });
  const broken = Object.assign(new Error("x"), { name: "Failure", code: 7 });
  deepEqual(
    [
      new Failure("gone", "x"),
      copy,
      system,
      broken,
      { name: "Failure", code: "gone" },
      "gone",
      undefined,
    ].map(failureCode),
    ["gone", "gone", undefined, undefined, undefined, undefined, undefined],
  );
});

test("anything thrown has a message", () => {
  deepEqual([new Error("one"), "two", 3, undefined].map(messageOf), ["one", "two", "3", "undefined"]);
});
