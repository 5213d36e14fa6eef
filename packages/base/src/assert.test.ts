import { deepEqual, doesNotThrow, throws } from "node:assert/strict";
import { test } from "node:test";

import { assert, AssertionFailure, unreachable } from "./assert.js";

test("a true condition passes", () => {
  doesNotThrow(() => assert(true, "nothing"));
});

test("a false condition throws the expectation as an AssertionFailure", () => {
  throws(
    () => assert(false, "The queue is open."),
    (error) => error instanceof AssertionFailure && error.message === "The queue is open.",
  );
});

test("an assertion narrows the type that follows it", () => {
  const lengthOf = (value: string | undefined): number => {
    assert(value !== undefined, "A value is given.");
    return value.length;
  };
  deepEqual(lengthOf("four"), 4);
});

test("a failure carries its own name", () => {
  deepEqual(new AssertionFailure("x").name, "AssertionFailure");
});

test("unreachable names a plain value and hides the content of an object", () => {
  const messageFor = (value: unknown): string => {
    try {
      unreachable(value as never);
    } catch (error) {
      return error instanceof AssertionFailure ? error.message : "another error";
    }
  };
  deepEqual(
    [messageFor("closed"), messageFor({ password: "secret" })],
    [
      "A value that the types exclude was reached: closed.",
      "A value that the types exclude was reached: an object.",
    ],
  );
});
