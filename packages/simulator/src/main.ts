/** `npm run simulate`: runs seeds and says which of them fail, and how to see it again. */
import { messageOf } from "@parley/base";
import { systemClock } from "@parley/base/node";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { PLANTED_BUGS, type PlantedBugName } from "./planted-bugs.js";
import { planOf, type Scenario, SCENARIOS } from "./plan.js";
import { runSeed, type SeedTask } from "./run-seed.js";
import { runOnThreads } from "./seed-pool.js";
import type { SimulationResult } from "./simulation.js";

const USAGE = `npm run -s simulate -- [options]

  --seeds N        how many seeds to run (100)
  --from N         the first seed (1)
  --scenario NAME  ${SCENARIOS.join(", ")} (mixed)
  --plant BUG      give the server a bug, to see that it is caught; stops at the first seed that does
  --threads N      how many seeds run at a time, each one thread each (as there are processors)
  --trace          print what happens; one seed after another
  --json           print the figures as one line of JSON
`;
const OPTIONS = {
  seeds: { type: "string", default: "100" },
  from: { type: "string", default: "1" },
  scenario: { type: "string", default: "mixed" },
  plant: { type: "string" },
  threads: { type: "string" },
  trace: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const SEED_MAX = 2 ** 32 - 1;
const THREADS_MAX = 64;
const COMPLAINTS_SHOWN_MAX = 5;
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

class UsageError extends Error {}

interface Figures {
  seeds: number;
  failures: number;
  events: number;
  virtualMs: number;
  messages: number;
  records: number;
  serverStarts: number;
  coldRows: number;
  removedRows: number;
  backups: number;
  backupsWhole: number;
  readonly faults: Record<string, number>;
  readonly rarePaths: Record<string, number>;
  readonly failedSeeds: number[];
}

async function main(): Promise<void> {
  const { values } = readArguments();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const scenario = SCENARIOS.find((name) => name === values.scenario);
  if (scenario === undefined) throw new UsageError(`--scenario must be one of ${SCENARIOS.join(", ")}.`);
  const planted = Object.keys(PLANTED_BUGS).find((name) => name === values.plant) as
    | PlantedBugName
    | undefined;
  if (values.plant !== undefined && planted === undefined)
    throw new UsageError(`--plant must be one of ${Object.keys(PLANTED_BUGS).join(", ")}.`);
  const count = integer("seeds", values.seeds, 1, 10_000_000);
  const from = integer("from", values.from, 0, SEED_MAX);
  const threads = integer("threads", values.threads ?? String(defaultThreads()), 1, THREADS_MAX);
  const figures: Figures = {
    seeds: 0,
    failures: 0,
    events: 0,
    virtualMs: 0,
    messages: 0,
    records: 0,
    serverStarts: 0,
    coldRows: 0,
    removedRows: 0,
    backups: 0,
    backupsWhole: 0,
    faults: {},
    rarePaths: {},
    failedSeeds: [],
  };
  const beganMs = systemClock.monotonicMs();
  const onResult = (result: SimulationResult): boolean => {
    add(figures, result);
    if (result.complaints.length > 0) explain(result, scenario);
    return planted === undefined || figures.failures === 0;
  };
  const tasks = tasksOf({ from, count, scenario, planted });
  if (values.trace) await runTraced(tasks, onResult);
  else await runOnThreads(tasks, Math.min(threads, count), onResult);
  figures.failedSeeds.sort((a, b) => a - b);
  report(figures, (systemClock.monotonicMs() - beganMs) / 1000, values.json);
  if (figures.failures > 0) process.exitCode = EXIT_FAILURE;
}

/** The seeds to run, made as they are asked for: there may be millions. */
function* tasksOf({
  from,
  count,
  ...task
}: Omit<SeedTask, "seed"> & { readonly from: number; readonly count: number }): Generator<
  SeedTask,
  undefined
> {
  for (let seed = from; seed < from + count; seed++) yield { seed, ...task };
}

async function runTraced(
  tasks: Iterable<SeedTask>,
  onResult: (result: SimulationResult) => boolean,
): Promise<void> {
  for (const task of tasks) {
    const result = await runSeed(task, ({ atMs, process: name, text }) => {
      process.stderr.write(`${atMs.toFixed(3).padStart(12)}  ${name.padEnd(10)} ${text}\n`);
    });
    if (!onResult(result)) return;
  }
}

function defaultThreads(): number {
  return Math.min(THREADS_MAX, availableParallelism());
}

function explain({ seed, complaints }: SimulationResult, scenario: Scenario): void {
  const lines = [
    `FAILED seed ${seed}`,
    ...complaints.slice(0, COMPLAINTS_SHOWN_MAX).map((complaint) => `  ${complaint}`),
    ...(complaints.length > COMPLAINTS_SHOWN_MAX
      ? [`  and ${complaints.length - COMPLAINTS_SHOWN_MAX} more`]
      : []),
    `  plan ${JSON.stringify(planOf(seed, scenario))}`,
    `  again: npm run -s simulate -- --from ${seed} --seeds 1 --scenario ${scenario} --trace`,
  ];
  process.stderr.write(`${lines.join("\n")}\n\n`);
}

function add(figures: Figures, result: SimulationResult): void {
  figures.seeds += 1;
  figures.events += result.events;
  figures.virtualMs += result.virtualMs;
  figures.messages += result.messages;
  figures.records += result.records;
  figures.serverStarts += result.serverStarts;
  figures.coldRows += result.coldRows;
  figures.removedRows += result.removedRows;
  figures.backups += result.backups;
  figures.backupsWhole += result.backupsWhole;
  for (const [name, count] of Object.entries(result.faults))
    figures.faults[name] = (figures.faults[name] ?? 0) + count;
  for (const [name, count] of Object.entries(result.rarePaths))
    figures.rarePaths[name] = (figures.rarePaths[name] ?? 0) + count;
  if (result.complaints.length === 0) return;
  figures.failures += 1;
  figures.failedSeeds.push(result.seed);
}

function report(figures: Figures, wallSeconds: number, isJson: boolean): void {
  const { faults, rarePaths, failedSeeds, virtualMs, ...counts } = figures;
  const all = {
    ...counts,
    virtual_seconds: Math.round(virtualMs / 1000),
    wall_seconds: round(wallSeconds),
    seeds_per_s: round(figures.seeds / wallSeconds),
    events_per_s: Math.round(figures.events / wallSeconds),
    faults,
    rare_paths: rarePaths,
    failed_seeds: failedSeeds,
  };
  for (const [name, value] of Object.entries(all))
    process.stderr.write(
      `  ${name.padEnd(20)} ${typeof value === "object" ? JSON.stringify(value) : value}\n`,
    );
  if (isJson) process.stdout.write(`${JSON.stringify(all)}\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, strict: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  return value;
}

main().catch((error: unknown) => {
  process.stderr.write(`simulate: ${messageOf(error)}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
});
