/** `bench -- all`: runs the scenarios again and again, and records what they gave, with all that has to be known about it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figures } from "../scenarios/direct-report.js";
import { integer, UsageError } from "../options/numbers.js";
import { watchStolen } from "./machine.js";
import { type Circumstances, type ScenarioResult, circumstances, writeResult } from "./recorded.js";
import { spreadOf } from "./spread.js";
import { RUNS, type Run } from "./runs.js";

export const ALL_USAGE = `  npm run -s bench -- all --out DIR [options]  the scenarios that are recorded, each run again and again in turns: medians and ranges,
                                         with the machine, the version and the settings, as files that \`report\` reads
    --only NAMES       some of ${RUNS.map(({ name }) => name).join(",")}
    --repeats N        (3)
    --quick            short runs on small installations, to see that all is well
`;

const OPTIONS = {
  out: { type: "string" },
  only: { type: "string" },
  repeats: { type: "string", default: "3" },
  quick: { type: "boolean", default: false },
} as const;

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));
const FAILED = "FAILED: ";
/** As the scenarios do unless told. */
const SEED = 1;

interface Outcome {
  readonly figures: Figures;
  readonly stolenPercent: number;
  readonly complaints: readonly string[];
}

/** Effects: one file for each run, written anew after each repeat. Resolves with what makes the results worthless. */
export async function all(args: readonly string[], say: (line: string) => void): Promise<readonly string[]> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const { out } = values;
  if (out === undefined) throw new UsageError("--out says where the results are written.");
  const runs = chosenRuns(values.only);
  const repeats = integer(values, "repeats", 1, 100);
  const head = await circumstances({ seed: SEED, length: values.quick ? "quick" : "usual" });
  const outcomes = new Map<string, Outcome[]>(runs.map(({ name }) => [name, []]));
  // In turns, so that what disturbs the machine for a while does not meet all repeats of one scenario.
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const run of runs) {
      if (run.isOnce && repeat > 1) continue;
      const options = values.quick ? run.quick : run.args;
      say(`${run.name}, ${repeat} of ${repeats}: ${options.join(" ")}`);
      const known = outcomes.get(run.name)!;
      known.push(await runOnce(options, say));
      const result = resultOf(run.name, options, known, head);
      if (result !== undefined) writeResult(out, result);
    }
  }
  return runs.flatMap(({ name }) =>
    outcomes.get(name)!.flatMap(({ complaints }) => complaints.map((complaint) => `${name}: ${complaint}`)),
  );
}

/** What several outcomes of one run come to; undefined when none of them gave a figure. */
export function resultOf(
  name: string,
  options: readonly string[],
  outcomes: readonly Outcome[],
  head: Circumstances,
): ScenarioResult | undefined {
  const measured = outcomes.filter(({ figures }) => Object.keys(figures).length > 0);
  if (measured.length === 0) return undefined;
  const keys = [...new Set(measured.flatMap(({ figures }) => Object.keys(figures)))];
  const valuesOf = (key: string): unknown[] => measured.map(({ figures }) => figures[key]);
  const numbers = keys.filter((key) => valuesOf(key).every((value) => typeof value === "number"));
  const others = keys.filter((key) => !numbers.includes(key));
  return {
    kind: "scenario",
    name,
    command: options.join(" "),
    ...head,
    stolenPercent: Math.max(...outcomes.map(({ stolenPercent }) => stolenPercent)),
    repeats: measured.length,
    figures: Object.fromEntries(numbers.map((key) => [key, spreadOf(valuesOf(key) as number[])])),
    texts: Object.fromEntries(others.map((key) => [key, [...new Set(valuesOf(key).map(String))].join(", ")])),
    complaints: outcomes.flatMap(({ complaints }) => complaints),
  };
}

/** In a process of its own, so that no run inherits the heap of another. */
async function runOnce(options: readonly string[], say: (line: string) => void): Promise<Outcome> {
  const stolenPercent = watchStolen();
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...options, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = (): void => void child.kill();
  process.once("exit", stop);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  process.off("exit", stop);
  const complaints = stderr
    .split("\n")
    .filter((line) => line.startsWith(FAILED))
    .map((line) => line.slice(FAILED.length));
  const last = stdout.trim().split("\n").at(-1) ?? "";
  const figures = last.startsWith("{") ? (JSON.parse(last) as Figures) : {};
  if (code !== 0 && complaints.length === 0)
    complaints.push(`It ended with ${code ?? "a signal"}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  for (const complaint of complaints) say(`  ${FAILED}${complaint}`);
  return { figures, stolenPercent: stolenPercent(), complaints };
}

function chosenRuns(only: string | undefined): readonly Run[] {
  if (only === undefined) return RUNS;
  return only.split(",").map((name) => {
    const found = RUNS.find((run) => run.name === name);
    if (found === undefined)
      throw new UsageError(`--only names some of ${RUNS.map((run) => run.name).join(", ")}.`);
    return found;
  });
}
