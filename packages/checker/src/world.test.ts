/**
 * Goal: the checker never complains of a correct run, and always of a broken one. Method: random commands in a small
 * world; the same world with one fault. Where the fault has shown, the invariant that it breaks has to be reported.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "./check.js";
import { FAULTS, type Fault } from "./testing/world/faults.js";
import { type Command, play } from "./testing/world/world.js";

const RUNS = 100;
const COMMANDS_MAX = 250;
/** Rare faults show in one run of thirty: rounds of RUNS are repeated until one has, at most so often. */
const ROUNDS_MAX = 40;

const number = fc.nat(10_000);
const commands: fc.Arbitrary<Command[]> = fc.array(fc.tuple(number, number, number), {
  minLength: 20,
  maxLength: COMMANDS_MAX,
  size: "max",
});

test("a correct run has no anomaly, whatever happens", () => {
  fc.assert(
    fc.property(commands, (list) => {
      assert.deepEqual(check(play(list).history).anomalies, []);
    }),
    { numRuns: RUNS },
  );
});

for (const fault of Object.keys(FAULTS) as Fault[]) {
  test(`${fault}: breaks ${FAULTS[fault]} wherever it shows`, () => {
    const seen = { runs: 0 };
    const property = fc.property(commands, (list) => {
      const { history, hasShown } = play(list, fault);
      const { anomalies } = check(history);
      if (!hasShown) return;
      seen.runs += 1;
      assert.ok(
        anomalies.some(({ invariant }) => invariant === FAULTS[fault]),
        JSON.stringify(anomalies),
      );
    });
    for (let round = 0; round < ROUNDS_MAX && seen.runs === 0; round++)
      fc.assert(property, { numRuns: RUNS });
    assert.ok(seen.runs > 0, `the fault has shown in none of ${ROUNDS_MAX * RUNS} runs`);
  });
}
