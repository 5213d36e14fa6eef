/** `npm run simulate`: runs seeds and says which of them fail, and how to see it again. */
import { messageOf } from "@parley/base";
import { systemClock } from "@parley/base/node";
import { parseArgs } from "node:util";
import { PLANTED_BUGS, type PlantedBugName } from "./planted-bugs.js";
import { type Plan, planOf, type Scenario, SCENARIOS } from "./plan.js";
import { simulate, type SimulationResult } from "./simulation.js";

const USAGE = `npm run -s simulate -- [options]

  --seeds N        how many seeds to run (100)
  --from N         the first seed (1)
  --scenario NAME  ${SCENARIOS.join(", ")} (mixed)
  --plant BUG      give the server a bug, to see that it is caught; stops at the first seed that does
  --trace          print what happens; for one seed
  --json           print the figures as one line of JSON
`;
const OPTIONS = {
  seeds: { type: "string", default: "100" },
  from: { type: "string", default: "1" },
  scenario: { type: "string", default: "mixed" },
  plant: { type: "string" },
  trace: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const SEED_MAX = 2 ** 32 - 1;
/** Every so many seeds are run twice: the same seed has to be the same run. */
const REPEAT_EVERY = 100;
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
  const figures: Figures = {
    seeds: 0,
    failures: 0,
    events: 0,
    virtualMs: 0,
    messages: 0,
    records: 0,
    serverStarts: 0,
    faults: {},
    rarePaths: {},
    failedSeeds: [],
  };
  const beganMs = systemClock.monotonicMs();
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, scenario, { isTraced: values.trace, planted });
    add(figures, result);
    if (planted !== undefined && figures.failures > 0) break;
  }
  report(figures, (systemClock.monotonicMs() - beganMs) / 1000, values.json);
  if (figures.failures > 0) process.exitCode = EXIT_FAILURE;
}

async function runSeed(
  seed: number,
  scenario: Scenario,
  { isTraced, planted }: { readonly isTraced: boolean; readonly planted: PlantedBugName | undefined },
): Promise<SimulationResult> {
  const plan = planOf(seed, scenario);
  const bug = planted === undefined ? {} : { planted };
  const onTrace = isTraced
    ? ({ atMs, process: name, text }: { atMs: number; process: string; text: string }): void =>
        void process.stderr.write(`${atMs.toFixed(3).padStart(12)}  ${name.padEnd(10)} ${text}\n`)
    : undefined;
  let result = await simulate(seed, plan, { ...bug, ...(onTrace === undefined ? {} : { onTrace }) });
  if (seed % REPEAT_EVERY === 0) {
    const again = await simulate(seed, plan, bug);
    if (again.traceHash !== result.traceHash) {
      const complaint = `the same seed ran differently: ${result.traceHash}, then ${again.traceHash}`;
      result = { ...result, complaints: [...result.complaints, complaint] };
    }
  }
  if (result.complaints.length > 0) explain(result, plan, scenario);
  return result;
}

function explain({ seed, complaints }: SimulationResult, plan: Plan, scenario: Scenario): void {
  const lines = [
    `FAILED seed ${seed}`,
    ...complaints.slice(0, COMPLAINTS_SHOWN_MAX).map((complaint) => `  ${complaint}`),
    ...(complaints.length > COMPLAINTS_SHOWN_MAX
      ? [`  and ${complaints.length - COMPLAINTS_SHOWN_MAX} more`]
      : []),
    `  plan ${JSON.stringify(plan)}`,
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
