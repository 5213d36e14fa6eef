/** An index over many rows, built while writers run, and again with a kill -9 in the middle; and what an index row costs. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildMessage, BuildProcessPlan } from "../indexing/build-process.js";
import { measureRowCost } from "../indexing/row-cost.js";
import type { Report } from "./direct-report.js";

export interface IndexBuildPlan {
  readonly rows: number;
  readonly seconds: number;
  readonly seed: number;
  /** Of the time, in percent, what the build may take. */
  readonly timePercent: number;
}

const INDEX_ROW_CPU_US_MAX = 10;
const P99_RATIO_MAX = 1.5;

export async function measureIndexBuild(plan: IndexBuildPlan, say: (line: string) => void): Promise<Report> {
  say("one more index row for each row, in turns with none");
  const cost = await measureRowCost();
  const directory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  try {
    const common = {
      directory: join(directory, "tables"),
      rows: plan.rows,
      seconds: plan.seconds,
      seed: plan.seed,
      timeShare: plan.timePercent / 100,
    };
    say(`an index over ${plan.rows} rows while writers run, then again, killed in the middle`);
    const whole = await run({ ...common, mode: "whole" }, { killedAtRows: plan.rows / 2 });
    say("the killed build goes on");
    const resumed = await run({ ...common, mode: "resume", rate: whole.writes_per_s! }, {});
    const ratio = whole.backfill_p99_ms! / whole.before_p99_ms!;
    const verifyRatio = whole.verify_p99_ms! / whole.before_p99_ms!;
    const figures = {
      ...rounded(cost),
      rows_at_first: plan.rows,
      ...rounded(whole),
      ratio_p99_backfill_to_before: round(ratio),
      ratio_p99_verify_to_before: round(verifyRatio),
      ...rounded(
        Object.fromEntries(Object.entries(resumed).map(([name, value]) => [`killed_${name}`, value])),
      ),
      node: process.version,
    };
    const complaints: string[] = [];
    for (const [name, found] of Object.entries({ whole, resumed })) {
      for (const what of ["missing", "extra", "different"]) {
        if (found[what] !== 0) complaints.push(`${found[what]} entries are ${what} (${name}).`);
      }
    }
    if (cost.index_row_cpu_us! > INDEX_ROW_CPU_US_MAX)
      complaints.push("An index row costs more than 10 µs of processor time.");
    if (ratio > P99_RATIO_MAX)
      complaints.push("Writers' p99 is more than 1.5 times what it was before the build.");
    if (!(resumed.resumed_from_rows! > 0)) complaints.push("The killed build began anew.");
    return { figures, complaints };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs the process until it ends or is killed, and gives what it told. */
async function run(
  plan: BuildProcessPlan,
  { killedAtRows }: { readonly killedAtRows?: number },
): Promise<Readonly<Record<string, number>>> {
  const path = fileURLToPath(new URL("../indexing/build-process.js", import.meta.url));
  const child: ChildProcess = fork(path, [JSON.stringify(plan)]);
  const onExit = (): void => void child.kill("SIGKILL");
  process.on("exit", onExit);
  let figures: Readonly<Record<string, number>> = {};
  const exit = await new Promise<{ readonly code: number | null; readonly signal: string | null }>(
    (resolve, reject) => {
      child.on("message", (message: BuildMessage) => {
        if (message.kind === "figures") ({ figures } = message);
        else if (killedAtRows !== undefined && message.done >= killedAtRows) child.kill("SIGKILL");
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve({ code, signal }));
    },
  );
  process.off("exit", onExit);
  const isExpected = killedAtRows === undefined ? exit.code === 0 : exit.signal === "SIGKILL";
  if (!isExpected) throw new Error(`The build process ended with ${exit.code ?? exit.signal}.`);
  return figures;
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)]));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
