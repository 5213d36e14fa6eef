/** An index over many rows, built while writers run, and again with a kill -9 in the middle; and what an index row costs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureRowCost } from "../indexing/row-cost.js";
import { type Figures, runBuildProcess, runKilledBuild } from "../indexing/run-build-process.js";
import type { Report } from "./direct-report.js";
import { thousandths } from "../rounding.js";

export interface IndexBuildPlan {
  readonly rows: number;
  readonly seconds: number;
  readonly seed: number;
  /** Of the time, in percent, what the build may take; otherwise what it takes by default. */
  readonly timePercent: number | undefined;
}

const ROWS_PER_CONVERSATION = 50;
/** Nobody's latency is measured. */
const KILLED = { timeShare: 0.6 };
const INDEX_ROW_CPU_US_MAX = 10;
const P99_RATIO_MAX = 1.5;

export async function measureIndexBuild(plan: IndexBuildPlan, say: (line: string) => void): Promise<Report> {
  say("one more index row for each row, in turns with none");
  const cost = await measureRowCost();
  const common = {
    rows: plan.rows,
    conversations: Math.ceil(plan.rows / ROWS_PER_CONVERSATION),
    seed: plan.seed,
    ...(plan.timePercent === undefined ? {} : { timeShare: plan.timePercent / 100 }),
  };
  say(`an index over ${plan.rows} rows while writers run`);
  const onStep = (step: string): void => say(`  ${step}`);
  const whole = await inDirectory((directory) =>
    runBuildProcess({ ...common, directory, mode: "measure", seconds: plan.seconds, rate: 0 }, { onStep }),
  );
  say("the same, killed in the middle");
  const killed = await inDirectory((directory) =>
    runKilledBuild({ ...common, ...KILLED, directory, rate: whole.writes_per_s! / 2 }, onStep),
  );
  const ratios = Object.fromEntries(
    ["p99", "p99_of_median_second"].flatMap((figure) =>
      ["backfill", "verify", "after"].map((phase) => [
        `ratio_${figure}_${phase}_to_before`,
        whole[`${phase}_${figure}_ms`]! / whole[`before_${figure}_ms`]!,
      ]),
    ),
  );
  const figures = {
    ...rounded(cost),
    rows_at_first: plan.rows,
    ...rounded(whole),
    ...rounded(ratios),
    ...rounded(Object.fromEntries(Object.entries(killed).map(([name, value]) => [`killed_${name}`, value]))),
    node: process.version,
  };
  const complaints: string[] = [...wrong("whole", whole), ...wrong("killed", killed)];
  if (cost.index_row_cpu_us! > INDEX_ROW_CPU_US_MAX)
    complaints.push("An index row costs more than 10 µs of processor time.");
  for (const phase of ["backfill", "verify"]) {
    // Of the median second, because other work on the machine is no work of the build.
    if (ratios[`ratio_p99_of_median_second_${phase}_to_before`]! > P99_RATIO_MAX)
      complaints.push(
        `Writers' p99 during the ${phase} is more than 1.5 times what it was before the build.`,
      );
  }
  if (!(killed.resumed_from_rows! > 0)) complaints.push("The killed build began anew.");
  if (killed.lost !== 0) complaints.push(`${killed.lost} rows are not as they were acknowledged.`);
  return { figures, complaints };
}

function wrong(name: string, found: Figures): readonly string[] {
  return ["missing", "extra", "different"]
    .filter((what) => found[what] !== 0)
    .map((what) => `${found[what]} entries are ${what} (${name}).`);
}

async function inDirectory(run: (directory: string) => Promise<Figures>): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rounded(figures: Figures): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, thousandths(value)]));
}
