/** The load tool: `npm run bench -- <scenario> <options>`. The report goes to stderr, and with --json to stdout too. */
import { parseArgs } from "node:util";
import { messageOf } from "@parley/base";
import { type Report, measureDirect } from "./scenarios/direct-report.js";
import { measureIdle } from "./scenarios/idle.js";
import { measureIndexBuild } from "./scenarios/index-build.js";
import { measureTables } from "./scenarios/tables.js";

const USAGE = `Measures a Parley server that it starts for itself, and checks every message.

  npm run -s bench -- direct [options]   pairs of users in direct chats
    --pairs N        pairs (100)
    --seconds N      measured time (10)
    --warm-up N      seconds before it that are checked and not measured (3)
    --rate N         messages a second over all pairs, due at fixed times: latency counts from when a message was due
                     (without it each pair keeps its window full: throughput)
    --window N       sends of a pair without an answer at a time, 1 to 16 (8)
    --text-bytes N   (200)
    --directory DIR  where the data directory is made (the temporary directory)
    --no-encryption  on a data directory that is not encrypted
    --pin            keep the server on one processor and the load on another (Linux)

  npm run -s bench -- idle [options]     connected devices that say nothing
    --connections N  (5000)

  npm run -s bench -- tables [options]   messages of a company's conversations, stored as rows and in blocks; and what reads pay
                                         for features that their table does not use
    --rows N           (1000000)
    --conversations N  (20000): 6% of them hold half of the rows
    --row-bytes N      (200)
    --scans N          reads of the newest 50, each of cold and hot conversations (4000)
    --seed N           (1)

  npm run -s bench -- index-build [options]  an index built while writers run at half of capacity, with and without a kill -9
    --rows N           (1000000)
    --seconds N        for which the writers are measured before and after (10)
    --time-percent N   of the time, what the build may take (as the server does it: 20)
    --seed N           (1)

  --json             the last line of stdout is the result as JSON
`;

const OPTIONS = {
  pairs: { type: "string", default: "100" },
  seconds: { type: "string", default: "10" },
  "warm-up": { type: "string", default: "3" },
  rate: { type: "string" },
  window: { type: "string", default: "8" },
  "text-bytes": { type: "string", default: "200" },
  directory: { type: "string" },
  pin: { type: "boolean", default: false },
  "no-encryption": { type: "boolean", default: false },
  connections: { type: "string", default: "5000" },
  rows: { type: "string", default: "1000000" },
  conversations: { type: "string", default: "20000" },
  "row-bytes": { type: "string", default: "200" },
  scans: { type: "string", default: "4000" },
  seed: { type: "string", default: "1" },
  "time-percent": { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

class UsageError extends Error {}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const report = await measure(positionals[0], values);
  if (report === undefined) {
    say(USAGE);
    process.exitCode = EXIT_USAGE;
    return;
  }
  for (const [key, value] of Object.entries(report.figures)) say(`  ${key.padEnd(40)} ${value}`);
  for (const complaint of report.complaints) say(`FAILED: ${complaint}`);
  if (values.json) process.stdout.write(`${JSON.stringify(report.figures)}\n`);
  // What an earlier step of the build said about itself must not hide a failure.
  process.exitCode = report.complaints.length > 0 ? EXIT_FAILURE : 0;
}

type Values = ReturnType<typeof readArguments>["values"];

async function measure(scenario: string | undefined, values: Values): Promise<Report | undefined> {
  if (scenario === "idle")
    return measureIdle({ connections: integer(values, "connections", 1, 25_000) }, say);
  if (scenario === "tables") {
    const plan = {
      rows: integer(values, "rows", 1, 100_000_000),
      conversations: integer(values, "conversations", 1, 10_000_000),
      rowBytes: integer(values, "row-bytes", 150, 65_536),
      scans: integer(values, "scans", 1, 1_000_000),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
    };
    return measureTables(plan, say);
  }
  if (scenario === "index-build") {
    const plan = {
      rows: integer(values, "rows", 20_000, 100_000_000),
      seconds: integer(values, "seconds", 1, 3_600),
      timePercent: values["time-percent"] === undefined ? undefined : integer(values, "time-percent", 1, 100),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
    };
    return measureIndexBuild(plan, say);
  }
  if (scenario !== "direct") return undefined;
  const options = {
    pairs: integer(values, "pairs", 1, 5_000),
    seconds: integer(values, "seconds", 1, 3_600),
    warmUpSeconds: integer(values, "warm-up", 0, 3_600),
    window: integer(values, "window", 1, 16),
    textBytes: integer(values, "text-bytes", 10, 16_384),
    rate: values.rate === undefined ? undefined : integer(values, "rate", 1, 10_000_000),
    isPinned: values.pin,
    isEncrypted: !values["no-encryption"],
    directory: values.directory,
  };
  return measureDirect(options, say);
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function integer(values: Values, name: keyof Values, min: number, max: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

main().catch((error: unknown) => {
  say(error instanceof UsageError ? `bench: ${error.message}\n\n${USAGE}` : `bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
});
