import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { inTurn } from "../scenarios/peers.js";
import { markdownOf } from "./markdown.js";
import { type SystemReport, ratiosOf, spreadsOf } from "./report.js";
import { parseCounts } from "./syncs.js";

function system(name: string, kind: SystemReport["kind"], rates: readonly number[]): SystemReport {
  const rounds = rates.map((rate) => ({ messages_per_s: rate, deliver_p50_ms: Number.NaN, lost: 0 }));
  return {
    name,
    kind,
    promise: "Keeps it.",
    version: "1",
    skipped: null,
    configuration: null,
    durability: { messages: 10, calls: { fdatasync: 5 }, syncsPerMessage: 0.5 },
    scenarios: { direct: spreadsOf(rounds) },
    notes: [],
  };
}

test("a spread is over the rounds that have the figure, and left out where none has", () => {
  deepEqual(spreadsOf([{ a: 3, b: Number.NaN }, { a: 1 }, { a: 2, c: 7 }]), {
    a: { median: 2, min: 1, max: 3 },
    c: { median: 7, min: 7, max: 7 },
  });
});

test("ratios are of Parley's median to each other one's, and none to nothing", () => {
  const systems = [
    system("parley", "parley", [30, 10, 20]),
    system("a", "chat", [8]),
    system("b", "chat", [0]),
  ];
  deepEqual(ratiosOf(systems), [
    { scenario: "direct", figure: "messages_per_s", better: "more", to: "a", ratio: 2.5 },
  ]);
});

test("each system is first in some round", () => {
  const firsts = [0, 1, 2].map((round) => inTurn(["a", "b", "c", "d", "e"], round, 3)[0]);
  deepEqual(
    [firsts, inTurn(["a", "b"], 1, 2)],
    [
      ["a", "b", "d"],
      ["b", "a"],
    ],
  );
});

test("the table of strace is read with and without errors", () => {
  const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 99.90    0.034012         500        68           fdatasync
  0.10    0.000034          34         1         1 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.034046         493        69         1 total
`;
  deepEqual([parseCounts(table), parseCounts("")], [{ fdatasync: 68, fsync: 1 }, {}]);
});

test("the tables say medians, ranges, ratios, faults, durability, and who was skipped", () => {
  const skipped = {
    ...system("c", "broker", []),
    skipped: "c is not here: apt-get install c",
    scenarios: {},
  };
  const systems = [system("parley", "parley", [20_000, 30_000]), system("a", "chat", [10_000]), skipped];
  const lines = markdownOf(systems, { scenarios: ["direct"], heading: "2 rounds" }).split("\n");
  const cells = (name: string) => lines.filter((line) => line.startsWith(`| ${name} |`));
  deepEqual(cells("parley")[0]?.split(" | ").slice(1, 3), ["25,000 (20,000 to 30,000)", "–"]);
  deepEqual(cells("a")[0]?.split(" | ").slice(-2), ["2.50", "0 / 0 / 0 / 0 |"]);
  deepEqual(cells("a")[1], "| a | 0.5 | 5 fdatasync for 10 messages | Keeps it. |");
  deepEqual(lines.at(-2), "- c: skipped. c is not here: apt-get install c");
});
