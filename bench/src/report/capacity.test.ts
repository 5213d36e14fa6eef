import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { RESULTS_URL, type Recorded, type ScenarioResult, readResults } from "../results/recorded.js";
import { spreadOf } from "../results/spread.js";
import { resultOf } from "../results/all.js";
import { RUNS } from "../results/runs.js";
import { capacityReport } from "./capacity.js";
import { CAPACITY_URL } from "./report.js";
import { deploymentFor } from "./sizing.js";
import { CIRCUMSTANCES } from "./testing/circumstances.js";

function scenario(
  name: string,
  figures: Readonly<Record<string, number>>,
  complaints: readonly string[] = [],
): ScenarioResult {
  const outcomes = [0.9, 1, 1.2].map((times) => ({
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, value * times])),
    stolenPercent: 0,
    complaints,
  }));
  return resultOf(name, [name], outcomes, CIRCUMSTANCES)!;
}

const IDLE = scenario("idle", { server_rss_mb_before: 100, kb_per_connection: 12 });
const SLOW = scenario("direct-1000", { server_cpu_us_per_message: 200, deliver_p99_ms: 20, lost: 0 });
const GROUP = scenario("group", { server_cpu_us_per_delivery: 10, deliveries_per_s: 10_000 });
const DIRECT = scenario("direct", {
  acked_per_s: 17_000,
  server_rss_mb: 512,
  bytes_on_disk_per_message: 300,
  lost: 1,
});

function reportOf(...results: readonly Recorded[]): string {
  return capacityReport(new Map(results.map((result) => [result.name, result]))).markdown;
}

test("the document in the repository is what the recorded results say", () => {
  const { markdown, plots } = capacityReport(readResults(fileURLToPath(RESULTS_URL)));
  const told = "Run `npm run -s bench -- report` and commit what it writes.";
  equal(readFileSync(CAPACITY_URL, "utf8"), markdown, told);
  const folder = new URL("growth/", CAPACITY_URL);
  const drawn = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".svg")) : [];
  deepEqual(drawn.toSorted(), [...plots.keys()].toSorted(), told);
  for (const [name, svg] of plots) equal(readFileSync(new URL(name, folder), "utf8"), svg, told);
});

test("several repeats are told as their median and range", () => {
  match(
    reportOf(DIRECT),
    /\| messages a second +\| 17,000 \(15,300 to 20,400\) +\| \*\*at least 50,000: missed\*\* +\|/,
  );
});

test("what is aimed at and not reached, and every complaint, is told as it is", () => {
  const text = reportOf(
    SLOW,
    DIRECT,
    scenario("campaign", { campaign_s: 54 }, ["Not everybody has it once."]),
  );
  const shortfall = text.slice(text.indexOf("## What falls short"), text.indexOf("## How large"));
  deepEqual(shortfall.trim().split("\n").slice(2), [
    "- `direct`: messages a second: 17,000; aimed at: at least 50,000 (40% of a bare relay that syncs its file, on two processors).",
    "- `direct`: lost: 1 messages; aimed at: exactly 0 messages.",
    "- `direct-1000`: delivery, p99: 20 ms; aimed at: at most 6 ms.",
    "- `campaign`: Not everybody has it once.",
  ]);
});

test("a deployment is sized by what was measured, and its arithmetic can be read", () => {
  const found = deploymentFor(10_000, {
    memoryMb: 100,
    memoryLoadedMb: 512,
    connectionKb: 12,
    messageMicroseconds: 200,
    deliveryMicroseconds: 10,
    messagesPerSecondMax: 17_000,
    messageBytes: 300,
  });
  // 10,000 people write 400,000 messages a day, a fifth of them in one hour: 22.2 a second, and three times that at its peak.
  deepEqual(
    [
      found.connections,
      found.messagesPerSecond.toFixed(1),
      found.memoryGb.toFixed(3),
      found.busyShare.toFixed(3),
    ],
    [15_000, "66.7", (0.5 + (15_000 * 12) / 1024 ** 2).toFixed(3), "0.020"],
  );
  equal(found.diskGbPerYear.toFixed(1), ((400_000 * 250 * 300) / 1024 ** 3).toFixed(1));
  const text = reportOf(IDLE, SLOW, GROUP, DIRECT);
  match(text, /1,048,576 KB \/ 12 KB = \*\*87,381 devices per GB\*\*/);
  match(text, /1,000,000 µs \/ 200 µs = \*\*5,000 messages a second per core\*\*/);
  match(text, /- connections: 1,000 × 1\.5 = 1,500\n/);
  match(text, /\| 50,000 +\| 75,000 +\|/);
});

test("what sizing needs and nobody measured is named", () => {
  match(reportOf(DIRECT), /It takes results of idle, direct-1000, group, which are not recorded/);
});

test("growth is told with its sentences and plots, and disk is taken from history", () => {
  const points = [10_000, 100_000, 1_000_000].flatMap((size) =>
    [210, 212].map((bytes) => ({ size, figures: { disk_bytes_per_message: bytes } })),
  );
  const growth: Recorded = {
    kind: "growth",
    name: "growth",
    command: "growth --only history",
    ...CIRCUMSTANCES,
    axes: [
      {
        name: "history",
        points,
        complaints: ["history 10000: The server took 90% of 500 messages a second."],
      },
    ],
  };
  const { markdown, plots } = capacityReport(
    new Map([IDLE, SLOW, GROUP, DIRECT, growth].map((result) => [result.name, result])),
  );
  match(
    markdown,
    /- A message takes on the disk 211 bytes \(±0\.5%\) and does not grow with messages of history, from 10,000/,
  );
  match(markdown, /!\[Disk of a message\]\(growth\/history-disk\.svg\)/);
  match(markdown, /- `growth`: history 10000: The server took 90%/);
  match(markdown, /\*\*Disk\*\*: 212 bytes a message/);
  deepEqual([...plots.keys()], ["history-disk.svg"]);
});

test("a machine that others used, and short runs, are called so", () => {
  const [quiet, busy] = [reportOf(DIRECT), reportOf({ ...DIRECT, busyPercentBefore: 60 })];
  const words = /The machine was not quiet/;
  deepEqual([words.test(quiet), words.test(busy)], [false, true]);
  match(busy, /\| 60% +\|/);
  match(reportOf({ ...DIRECT, length: "quick" }), /Some runs are short ones/);
  const stolen = [5, 40].map((stolenPercent) => reportOf({ ...DIRECT, stolenPercent }));
  deepEqual(
    stolen.map((text) => /The host took up to 40%/.test(text)),
    [false, true],
  );
});

test("what was recorded at the same time stands in one row, and each machine in a table of its own", () => {
  match(
    reportOf(DIRECT, SLOW, { ...IDLE, date: "2026-12-01" }),
    /\| `direct`, `direct-1000` +\| 2026-11-22 [^\n]+\n\| `idle` +\| 2026-12-01 /,
  );
  const other = { ...IDLE, machine: { ...CIRCUMSTANCES.machine, processors: 8 } };
  deepEqual(reportOf(DIRECT, other).match(/\| processors +\| \d/g)?.length, 2);
});

test("a run without figures leaves no result, and one of three failing leaves two repeats and its complaint", () => {
  const good = { figures: { x: 1, mode: "fast", isOn: true }, stolenPercent: 2, complaints: [] };
  const bad = { figures: {}, stolenPercent: 30, complaints: ["It ended with 1: out of memory"] };
  equal(resultOf("direct", ["direct"], [bad], CIRCUMSTANCES), undefined);
  const result = resultOf(
    "direct",
    ["direct"],
    [good, bad, { ...good, figures: { ...good.figures, x: 2 } }],
    CIRCUMSTANCES,
  )!;
  deepEqual(
    [result.repeats, result.figures, result.texts, result.stolenPercent, result.complaints],
    [2, { x: spreadOf([1, 2]) }, { mode: "fast", isOn: "true" }, 30, bad.complaints],
  );
});

test("every recorded run has a name of its own and tells something", () => {
  equal(new Set(RUNS.map(({ name }) => name)).size, RUNS.length);
  ok(RUNS.every(({ told, args }) => told.length > 0 && args.length > 0));
});
