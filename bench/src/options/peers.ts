/** What `npm run -s bench -- peers` is told, and what it says. */
import { writeFileSync } from "node:fs";
import { markdownOf } from "../peers/markdown.js";
import { SCENARIOS } from "../peers/report.js";
import { SYSTEMS } from "../peers/systems.js";
import { watchStolen } from "../results/machine.js";
import { type Circumstances, circumstances, writeResult } from "../results/recorded.js";
import { type PeersPlan, measurePeers } from "../scenarios/peers.js";
import { integer, UsageError, type Values, whole } from "./numbers.js";

const ARGUMENTS_FROM = 2;
/** Texts and times of this load are the same each time. */
const NO_SEED = 0;
const ROUNDS = 3;
const RATE = 1_000;
const PAIRS = 100;
const SECONDS = 10;
const CONNECTIONS = 2_000;
const CLIENTS = 1_000;
/** With the status that shells give to what a signal ended. */
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** Returns whether what was measured is worth anything. */
export async function runPeers(values: Values, say: (line: string) => void): Promise<boolean> {
  const plan = planOf(values);
  // Only an exit ends the servers and removes what they wrote.
  for (const [signal, code] of SIGNALS) process.once(signal, () => process.exit(code));
  const out = typeof values["out"] === "string" ? values["out"] : undefined;
  const { rounds, seconds } = plan;
  const head = out === undefined ? undefined : await circumstancesOf(plan);
  const stolenPercent = watchStolen();
  const report = await measurePeers(plan, say);
  const heading = `${rounds} rounds of ${seconds} s; medians, and ranges over the rounds.`;
  const markdown = markdownOf(report.systems, { scenarios: plan.scenarios, heading });
  say(`\n${markdown}`);
  for (const complaint of report.complaints) say(`FAILED: ${complaint}`);
  if (typeof values["markdown"] === "string") writeFileSync(values["markdown"], markdown);
  if (out !== undefined && head !== undefined) {
    const command = process.argv.slice(ARGUMENTS_FROM).join(" ");
    const { systems, complaints } = report;
    writeResult(out, {
      kind: "peers",
      name: "peers",
      command,
      ...head,
      stolenPercent: stolenPercent(),
      rounds,
      seconds,
      systems,
      complaints,
    });
  }
  if (values["json"] === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.complaints.length === 0;
}

function circumstancesOf({ seconds, rounds, directory }: PeersPlan): Promise<Circumstances> {
  const length = seconds < SECONDS || rounds < ROUNDS ? "quick" : "usual";
  return circumstances({ ...(directory === undefined ? {} : { directory }), seed: NO_SEED, length });
}

function planOf(values: Values): PeersPlan {
  const { directory } = values;
  return {
    systems: listed(values, "systems", SYSTEMS, ({ name }) => name),
    scenarios: listed(values, "scenarios", SCENARIOS, (name) => name),
    rounds: whole(values, "rounds", [1, 100], ROUNDS),
    seconds: whole(values, "seconds", [1, 3_600], SECONDS),
    warmUpSeconds: integer(values, "warm-up", 0, 3_600),
    rate: whole(values, "rate", [1, 1_000_000], RATE),
    pairs: whole(values, "pairs", [1, 2_000], PAIRS),
    window: integer(values, "window", 1, 16),
    members: integer(values, "online", 2, 5_000),
    connections: whole(values, "connections", [1, 25_000], CONNECTIONS),
    clients: whole(values, "clients", [2, 20_000], CLIENTS),
    isPinned: values["pin"] === true,
    directory: typeof directory === "string" ? directory : undefined,
  };
}

/** Those of `all` whose names an option lists, in the order of `all`; all without it. Errors: a UsageError. */
function listed<T>(
  values: Values,
  option: string,
  all: readonly T[],
  nameOf: (each: T) => string,
): readonly T[] {
  const told = values[option];
  if (typeof told !== "string") return all;
  const names = new Set(told.split(",").map((name) => name.trim()));
  const found = all.filter((each) => names.has(nameOf(each)));
  if (found.length !== names.size)
    throw new UsageError(`--${option} lists some of ${all.map(nameOf).join(", ")}.`);
  return found;
}
