import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { findBenches } from "./find-benches.js";
import { measureBench } from "./measure-bench.js";
import { micro, notesAbout } from "./micro.js";

const PLAN = { rounds: 5, roundMs: 8, warmUpMs: 20 };

/** A clock that only work moves. */
class WorkClock {
  ms = 0;
  readonly now = (): number => this.ms;

  /** Takes so long for one, and is disturbed in some of its rounds. */
  work(nanoseconds: number, disturbed: (call: number) => number = () => 1): (times: number) => number {
    let calls = 0;
    return (times) => {
      this.ms += (times * nanoseconds * disturbed((calls += 1))) / 1e6;
      return times;
    };
  }
}

test("what something costs, and its ratio to the baseline, are those of the middle round", () => {
  const clock = new WorkClock();
  // Every fifth call takes ten times as long.
  const run = clock.work(300, (call) => (call % 5 === 0 ? 10 : 1));
  const bench = { name: "a", baseline: "b", run, runBaseline: clock.work(100) };
  const { nanoseconds, baselineNanoseconds, ratio } = measureBench(bench, PLAN, clock.now);
  deepEqual(
    [nanoseconds.toFixed(3), baselineNanoseconds.toFixed(3), ratio.toFixed(3)],
    ["300.000", "100.000", "3.000"],
  );
});

test("a ratio that got worse by more than a quarter is noted", () => {
  const of = (name: string, ratio: number) => ({ name, baseline: "JSON.parse", ratio });
  const known = new Map([
    ["a", 1],
    ["b", 1],
    ["c", 4],
  ]);
  const notes = notesAbout([of("a", 1.24), of("b", 1.5), of("c", 2), of("new", 9)], known);
  equal(notes.length, 1);
  match(notes[0]!, /^"b" is 1\.5 times JSON\.parse, and was 1: 50% worse\.$/);
});

test("the parts that every message meets are found, have names of their own and do what they say", async () => {
  const benches = await findBenches();
  // Sorted by package and file.
  const nouns = new Set(benches.map(({ name }) => name.split(":")[0]));
  deepEqual([...nouns], ["machines", "keyring", "codec", "key-encoding", "push-pacer"]);
  equal(new Set(benches.map(({ name }) => name)).size, benches.length);
  for (const { name, run, runBaseline } of benches)
    ok(run(20) !== undefined && runBaseline(20) !== undefined, name);
});

test("a record of some parts only, and a name that nothing has, are refused", async () => {
  await rejects(
    micro(["--only", "codec", "--record"], () => {}),
    /leave out --only and --by-schema/,
  );
  await rejects(
    micro(["--only", "no such part"], () => {}),
    /No part's name holds/,
  );
});
