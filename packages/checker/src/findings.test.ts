import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings } from "./findings.js";

test("all are counted and the three smallest are told", () => {
  const findings = new Findings();
  for (const size of [9, 4, 7, 1, 8, 4]) findings.add("lost", size, () => `at ${size}`);
  assert.deepEqual(findings.anomalies(), [
    { invariant: "I1", code: "lost", count: 6, examples: ["at 1", "at 4", "at 4"] },
  ]);
});

test("what is not told is not put into words", () => {
  const findings = new Findings();
  let told = 0;
  for (let size = 0; size < 100; size++) findings.add("lost", size, () => `${++told}`);
  assert.equal(told, 3);
});

test("anomalies come in the order of the invariants", () => {
  const findings = new Findings();
  for (const code of ["over-limit", "placed-twice", "lost"] as const) findings.add(code, 1, () => "");
  assert.deepEqual(
    findings.anomalies().map(({ invariant }) => invariant),
    ["I1", "I2", "I12"],
  );
});
