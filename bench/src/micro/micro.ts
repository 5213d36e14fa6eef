/** `bench -- micro`: what single parts cost, to something known and to how it was before. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileCodecs } from "@parley/protocol/compiled";
import { amount } from "../growth/fit.js";
import {
  type Circumstances,
  type MicroResult,
  RESULTS_URL,
  circumstances,
  readResults,
  writeResult,
} from "../results/recorded.js";
import { thousandths } from "../rounding.js";
import { UsageError } from "../options/numbers.js";
import { findBenches } from "./find-benches.js";
import { type MicroOutcome, measureBench } from "./measure-bench.js";

export const MICRO_USAGE = `  npm run -s bench -- micro [options]    single parts (the \`x.bench.ts\` beside them), each to something known, and to the last record
    --only NAME        those whose names hold this
    --by-schema        reads and writes messages by their schemas, as pages do, and not compiled, as servers do
    --record           writes the ratios to bench/results/micro.json, of all parts
    --out DIR          writes them there instead
`;

const OPTIONS = {
  only: { type: "string", default: "" },
  "by-schema": { type: "boolean", default: false },
  record: { type: "boolean", default: false },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Rounds are shorter than the time that a busy system gives a process at once: most are not interrupted, and their median is of those. */
const PLAN = { rounds: 201, roundMs: 2, warmUpMs: 200 };
/** What changes a ratio by less may be chance. */
const WORSE_TIMES = 1.25;
const NAME_CHARACTERS = 52;
const SEED = 1;

/** A ratio that got worse is noted, and fails nothing. */
export async function micro(
  args: readonly string[],
  say: (line: string) => void,
): Promise<readonly string[]> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const isRecorded = values.record || values.out !== undefined;
  if (isRecorded && (values.only !== "" || values["by-schema"]))
    throw new UsageError(
      "A record is one of all parts, as servers run them: leave out --only and --by-schema.",
    );
  // Before anything is read or written: hidden classes are those of what came first.
  if (!values["by-schema"]) compileCodecs();
  const chosen = (await findBenches()).filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new UsageError(`No part's name holds "${values.only}".`);
  const isTold = isRecorded || values.json;
  const head = isTold ? await circumstances({ seed: SEED, length: "usual" }) : undefined;
  const known = recordedRatios();
  const outcomes: MicroOutcome[] = [];
  for (const bench of chosen) {
    const outcome = measureBench(bench, PLAN, () => performance.now());
    outcomes.push(outcome);
    say(lineOf(outcome, known.get(outcome.name)));
  }
  for (const note of notesAbout(outcomes, known)) say(`NOTE: ${note}`);
  if (head !== undefined) {
    const result = resultOf(outcomes, args, head);
    if (isRecorded) writeResult(values.out ?? fileURLToPath(RESULTS_URL), result);
    if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  return [];
}

/** What got worse since the last record. */
export function notesAbout(
  outcomes: readonly Pick<MicroOutcome, "name" | "baseline" | "ratio">[],
  known: ReadonlyMap<string, number>,
): string[] {
  return outcomes.flatMap(({ name, baseline, ratio }) => {
    const before = known.get(name);
    if (before === undefined || ratio <= before * WORSE_TIMES) return [];
    const worse = Math.round((ratio / before - 1) * 100);
    return [`"${name}" is ${amount(ratio)} times ${baseline}, and was ${amount(before)}: ${worse}% worse.`];
  });
}

function recordedRatios(): ReadonlyMap<string, number> {
  const directory = fileURLToPath(RESULTS_URL);
  const found = existsSync(directory) ? readResults(directory).get("micro") : undefined;
  return new Map(found?.kind === "micro" ? found.benches.map(({ name, ratio }) => [name, ratio]) : []);
}

function resultOf(
  outcomes: readonly MicroOutcome[],
  args: readonly string[],
  head: Circumstances,
): MicroResult {
  return {
    kind: "micro",
    name: "micro",
    command: ["micro", ...args].join(" "),
    ...head,
    benches: outcomes.map(({ name, baseline, ...numbers }) => ({
      name,
      baseline,
      nanoseconds: thousandths(numbers.nanoseconds),
      baselineNanoseconds: thousandths(numbers.baselineNanoseconds),
      ratio: thousandths(numbers.ratio),
    })),
  };
}

function lineOf({ name, baseline, nanoseconds, ratio }: MicroOutcome, before: number | undefined): string {
  const was = before === undefined ? "" : ` (recorded: ${amount(before)})`;
  const once = `${amount(nanoseconds)} ns`.padStart(11);
  return `  ${name.padEnd(NAME_CHARACTERS)} ${once}, ${amount(ratio)} times ${baseline}${was}`;
}
