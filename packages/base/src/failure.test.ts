import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure, reasonOf } from "./failure.js";

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
