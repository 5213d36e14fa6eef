/** Writes docs/operations/capacity.md from recorded results: nothing in it is written by hand, so nothing in it is out of date. */
import { amount } from "../growth/fit.js";
import { type ToldCurve, tellCurves } from "../growth/curves.js";
import type {
  Circumstances,
  GrowthResult,
  MicroResult,
  PeersResult,
  Recorded,
  ScenarioResult,
} from "../results/recorded.js";
import { RUNS, type Run, type ToldFigure } from "../results/runs.js";
import { aimCell, isReached } from "./aim.js";
import { peersLines, peersShortfalls } from "./peers.js";
import { type SizingFigures, sizingLines } from "./sizing.js";
import { markdownTable } from "./table.js";

export interface CapacityReport {
  readonly markdown: string;
  /** By the name of the file, beside the document in `growth/`. */
  readonly plots: ReadonlyMap<string, string>;
}

const PLOTS_FOLDER = "growth";
/** What others take beyond it is seen in the figures. */
const BUSY_PERCENT_MAX = 10;
const STOLEN_PERCENT_MAX = 5;

/** The same results give the same document, to the letter. */
export function capacityReport(results: ReadonlyMap<string, Recorded>): CapacityReport {
  const scenarios = [...results.values()].filter((result) => result.kind === "scenario");
  const growth = [...results.values()].find((result) => result.kind === "growth");
  const micro = [...results.values()].find((result) => result.kind === "micro");
  const peers = [...results.values()].find((result) => result.kind === "peers");
  const curves = growth === undefined ? [] : tellCurves(growth);
  const measured = RUNS.flatMap((run) => {
    const result = scenarios.find(({ name }) => name === run.name);
    return result === undefined ? [] : [{ run, result }];
  });
  const lines = [
    "# Capacity",
    "",
    "What one server carries, how its costs grow, and how large a machine has to be. This document is written by `npm run -s bench -- report`",
    "from the results in `bench/results`: run `npm run -s bench -- all --out bench/results` on your own machine, and it speaks of yours.",
    "What the figures mean, and what else was measured, stands in [performance.md](performance.md).",
    "",
    ...circumstancesLines([...results.values()]),
    ...scenarioLines(measured),
    ...peersLines(peers),
    ...shortfallLines(measured, growth, peers),
    ...growthLines(growth, curves),
    "## How large a machine has to be",
    "",
    ...sizing(scenarios, growth),
    ...microLines(micro),
  ];
  return {
    markdown: `${lines.join("\n").trimEnd()}\n`,
    plots: new Map(curves.map(({ curve, svg }) => [`${curve.name}.svg`, svg])),
  };
}

/** Results may be of different machines and days: each machine is told once, and what was recorded at a time in one row. */
function circumstancesLines(results: readonly Recorded[]): string[] {
  const lines = ["## Measured on", ""];
  for (const ofMachine of groups(results, ({ machine }) => ({ ...machine, fdatasync_ms: 0 }))) {
    const { machine, nodeFlags, seed } = ofMachine[0]!;
    const rows = groups(ofMachine, (result) => rowOf(result, [])).map((same) =>
      rowOf(
        same[0]!,
        same.map(({ name }) => `\`${name}\``),
      ),
    );
    lines.push(
      ...markdownTable(
        ["what", "which"],
        [
          ["processors", `${machine.processors} × ${machine.processor}`],
          ["memory", `${machine.memory_gb} GB`],
          ["kernel", machine.kernel],
          ["disk", machine.disk],
          ["Node", `${machine.node}, server with \`${nodeFlags.join(" ")}\``],
          ["server", "all settings by default, but for what a command says"],
          ["seed", String(seed)],
        ],
      ),
      ...markdownTable(
        ["results", "date", "Parley", "runs", "sync of 4 KiB", "busy before", "taken by the host"],
        rows,
      ),
    );
  }
  if (results.some(({ busyPercentBefore }) => busyPercentBefore > BUSY_PERCENT_MAX))
    lines.push(
      `**The machine was not quiet**: its processors were busy for more than ${BUSY_PERCENT_MAX}% of the two seconds before a run began. Trust none of its times, only what was counted.`,
      "",
    );
  const stolen = Math.max(0, ...results.map(({ stolenPercent }) => stolenPercent ?? 0));
  if (stolen > STOLEN_PERCENT_MAX)
    lines.push(
      `**The host took up to ${stolen}% of the processors' time for others while this was measured**: trust no time and no figure a second, only what was counted.`,
      "",
    );
  if (results.some(({ length }) => length === "quick"))
    lines.push("**Some runs are short ones, to see that all is well**: do not plan with their figures.", "");
  return lines;
}

function rowOf(result: Circumstances, names: readonly string[]): string[] {
  const { date, parley, length, machine, busyPercentBefore, stolenPercent } = result;
  return [
    names.join(", "),
    date,
    `${parley.version}, commit ${parley.commit}`,
    length,
    `${amount(machine.fdatasync_ms)} ms`,
    `${busyPercentBefore}%`,
    stolenPercent === undefined ? "" : `${stolenPercent}%`,
  ];
}

/** Those that have the same key, in their order. */
function groups<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    found.set(key, [...(found.get(key) ?? []), item]);
  }
  return [...found.values()];
}

interface MeasuredRun {
  readonly run: Run;
  readonly result: ScenarioResult;
}

function scenarioLines(measured: readonly MeasuredRun[]): string[] {
  if (measured.length === 0) return [];
  const lines = [
    "## Figures",
    "",
    "Medians, and in brackets the smallest and the largest of all repeats. Messages have 200 bytes and are durable before they are acknowledged. The load generator ran on the same machine.",
    "",
  ];
  for (const { run, result } of measured) {
    const rows = run.told.flatMap((told) => {
      const found = result.figures[told.figure];
      if (found === undefined) return [];
      const { median, min, max } = found;
      const range = min === max ? "" : ` (${amount(min)} to ${amount(max)})`;
      return [[told.label, `${amount(median)}${unitText(told)}${range}`, aimText(told, median)]];
    });
    const durability = result.texts["durability"];
    lines.push(
      `### ${run.title}`,
      "",
      `\`npm run -s bench -- ${result.command}\`, ${times(result.repeats)}${durability === undefined ? "" : `; ${durability}`}.`,
      "",
      ...markdownTable(["figure", "measured", "aim"], rows),
    );
  }
  return lines;
}

/** What is aimed at and not reached, and what the runs complained of, as it is. */
function shortfallLines(
  measured: readonly MeasuredRun[],
  growth: GrowthResult | undefined,
  peers: PeersResult | undefined,
): string[] {
  const missed = measured.flatMap(({ run, result }) =>
    run.told.flatMap((told) => {
      const median = result.figures[told.figure]?.median;
      if (told.aim === undefined || median === undefined || isReached(told.aim, median)) return [];
      const { is, value, why } = told.aim;
      return [
        `- \`${run.name}\`: ${told.label}: ${amount(median)}${unitText(told)}; aimed at: ${is} ${amount(value)}${unitText(told)}${why === undefined ? "" : ` (${why})`}.`,
      ];
    }),
  );
  const complaints = [
    ...measured.flatMap(({ run, result }) => result.complaints.map((text) => `- \`${run.name}\`: ${text}`)),
    ...(growth?.axes ?? []).flatMap((axis) => axis.complaints.map((text) => `- \`growth\`: ${text}`)),
  ];
  const all = [...missed, ...peersShortfalls(peers), ...new Set(complaints)];
  return ["## What falls short", "", ...(all.length === 0 ? ["Nothing that is aimed at here."] : all), ""];
}

function growthLines(growth: GrowthResult | undefined, curves: readonly ToldCurve[]): string[] {
  if (growth === undefined) return [];
  const lines = [
    "## How costs grow",
    "",
    `\`npm run -s bench -- ${growth.command}\`. Each size has an installation of its own. Of three laws (constant, logarithm, line) the one that tells the points best`,
    "for the numbers it needs is told, and drawn; where none is to be believed, that is said. Every message was checked.",
    "",
  ];
  for (const axis of new Set(curves.map((told) => told.axis))) {
    const own = curves.filter((told) => told.axis === axis);
    lines.push(
      `### ${axis.heading}`,
      "",
      axis.constant,
      "",
      ...own.map(({ sentence }) => `- ${sentence}`),
      "",
      ...own.map(({ curve }) => `![${curve.title}](${PLOTS_FOLDER}/${curve.name}.svg)`),
      "",
    );
  }
  return lines;
}

function sizing(scenarios: readonly ScenarioResult[], growth: GrowthResult | undefined): string[] {
  const missing = new Set<string>();
  const median = (name: string, figure: string): number => {
    const found = scenarios.find((result) => result.name === name)?.figures[figure]?.median;
    if (found === undefined) missing.add(name);
    return found ?? Number.NaN;
  };
  const figures: SizingFigures = {
    memoryMb: median("idle", "server_rss_mb_before"),
    memoryLoadedMb: median("direct", "server_rss_mb"),
    connectionKb: median("idle", "kb_per_connection"),
    messageMicroseconds: median("direct-1000", "server_cpu_us_per_message"),
    deliveryMicroseconds: median("group", "server_cpu_us_per_delivery"),
    messagesPerSecondMax: median("direct", "acked_per_s"),
    messageBytes: historyBytes(growth) ?? median("direct", "bytes_on_disk_per_message"),
  };
  if (missing.size === 0) return sizingLines(figures);
  const names = [...missing].join(", ");
  return [
    `It takes results of ${names}, which are not recorded: \`npm run -s bench -- all --only ${[...missing].join(",")} --out DIR\`.`,
    "",
  ];
}

/** Of history that has come to rest, at the largest size. */
function historyBytes(growth: GrowthResult | undefined): number | undefined {
  const points = growth?.axes.find(({ name }) => name === "history")?.points ?? [];
  return points.flatMap(({ figures }) => figures["disk_bytes_per_message"] ?? []).at(-1);
}

function microLines(micro: MicroResult | undefined): string[] {
  if (micro === undefined) return [];
  const rows = micro.benches.map(({ name, nanoseconds, baseline, ratio }) => [
    name,
    `${amount(nanoseconds)} ns`,
    baseline,
    amount(ratio),
  ]);
  return [
    "## Single parts",
    "",
    "`npm run -s bench -- micro`: what the parts cost that every message meets, and the same to something known, measured in turns in the same run.",
    "",
    ...markdownTable(["what", "once", "compared with", "ratio"], rows),
  ];
}

function aimText(told: ToldFigure, median: number): string {
  if (told.aim === undefined) return "";
  const { is, value } = told.aim;
  const aim = is === "exactly" ? amount(value) : `${is} ${amount(value)}${unitText(told)}`;
  return aimCell(aim, isReached(told.aim, median));
}

function unitText({ unit }: ToldFigure): string {
  return unit === "" ? "" : ` ${unit}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
