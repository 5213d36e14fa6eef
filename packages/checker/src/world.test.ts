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
/** Of the runs with a fault, so many show it at least. */
const SHOWN_MIN = 1;

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
    let shown = 0;
    fc.assert(
      fc.property(commands, (list) => {
        const { history, hasShown } = play(list, fault);
        const { anomalies } = check(history);
        if (!hasShown) return;
        shown++;
        assert.ok(
          anomalies.some(({ invariant }) => invariant === FAULTS[fault]),
          JSON.stringify(anomalies),
        );
      }),
      { numRuns: RUNS },
    );
    assert.ok(shown >= SHOWN_MIN, `the fault has shown in ${shown} of ${RUNS} runs`);
  });
}
