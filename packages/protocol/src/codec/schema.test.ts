import assert from "node:assert/strict";
import { test } from "node:test";
import { schema, string, uint } from "./schema.js";

test("a field number is from 1 to 127 and stands once", () => {
  for (const number of [0, -1, 128, 1.5, Number.NaN])
    assert.throws(() => schema("Bad", { field: uint(number) }), RangeError, String(number));
  assert.throws(() => schema("Bad", { one: uint(1), other: string(1) }), /Bad\.other is taken/);
});

test("fields keep the order of their declaration and are found by number", () => {
  const Example = schema("Example", { second: uint(2), first: string(1), fourth: uint(4) });
  assert.deepEqual(
    [Example.fields.map((field) => field.name), Array.from(Example.byNumber, (field) => field?.name)],
    [
      ["second", "first", "fourth"],
      [undefined, "first", "second", undefined, "fourth"],
    ],
  );
});
