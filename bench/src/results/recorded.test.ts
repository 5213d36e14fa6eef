import { deepEqual, match, throws } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeBuild, describeMachine } from "./machine.js";
import { type ScenarioResult, circumstances, readResults, writeResult } from "./recorded.js";
import { spreadOf } from "./spread.js";

test("the median of an even number lies between the two in the middle", () => {
  deepEqual(
    [spreadOf([5]), spreadOf([3, 1]), spreadOf([9, 1, 2]), spreadOf([4, 1, 3, 2])],
    [
      { median: 5, min: 5, max: 5 },
      { median: 2, min: 1, max: 3 },
      { median: 2, min: 1, max: 9 },
      { median: 2.5, min: 1, max: 4 },
    ],
  );
  throws(() => spreadOf([]), RangeError);
});

test("results are read as they were written, and other files are refused by name", async () => {
  const directory = mkdtempSync(join(tmpdir(), "parley-results-"));
  try {
    const result: ScenarioResult = {
      kind: "scenario",
      name: "direct",
      command: "direct",
      repeats: 3,
      figures: { acked_per_s: spreadOf([1, 2, 3]) },
      texts: { durability: "fdatasync before every ack" },
      complaints: [],
      ...(await circumstances({ seed: 1, length: "quick" })),
    };
    writeResult(directory, result);
    deepEqual([...readResults(directory)], [["direct", result]]);
    writeFileSync(join(directory, "other.json"), "{}");
    throws(() => readResults(directory), /other\.json is no recorded result/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the machine and the program are told", () => {
  const machine = describeMachine();
  deepEqual(machine.node, process.version);
  match(describeBuild().version, /^\d+\.\d+\.\d+$/);
  match(describeBuild().commit, /^([0-9a-f]{10}\+?|unknown)$/);
});
