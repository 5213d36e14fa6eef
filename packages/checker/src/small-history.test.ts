import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.js";
import { record } from "./testing/script.js";
import { CAST, SMALL } from "./testing/small-history.js";

test("a correct history has no anomaly", () => {
  assert.deepEqual(check(record(CAST, SMALL).history).anomalies, []);
});
