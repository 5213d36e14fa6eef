/** `bench -- growth`: how costs grow with members, conversations, history, connections and the size of messages. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { watchStolen } from "../results/machine.js";
import { type GrowthResult, circumstances, writeResult } from "../results/recorded.js";
import { integer, UsageError, whole } from "../options/numbers.js";
import type { GrowthAxis, GrowthPlan, Measured } from "./axis.js";
import { AXES, tellCurves } from "./curves.js";

export const GROWTH_USAGE = `  npm run -s bench -- growth [options]   how costs grow: measured at several sizes, told as the law that fits, with its numbers
    --only NAMES       some of ${AXES.map(({ name }) => name).join(",")}
    --full             the whole ranges, up to 20,000,000 messages: one to two hours and 10 GB of disk; without it
                       about ten minutes
    --sizes N,N,...    other sizes, of one of them
    --seconds N        of a measured window (5, full: 10)
    --windows N        at each size (2, full: 3)
    --warm-up N        seconds before each (2)
    --directory DIR    where data directories are made (the temporary directory)
    --out DIR          writes the result there, as growth.json
    --plots DIR        draws the curves there, as SVG
`;

const OPTIONS = {
  only: { type: "string" },
  full: { type: "boolean", default: false },
  sizes: { type: "string" },
  seconds: { type: "string" },
  windows: { type: "string" },
  "warm-up": { type: "string", default: "2" },
  seed: { type: "string", default: "1" },
  directory: { type: "string" },
  out: { type: "string" },
  plots: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const USUAL = { seconds: 5, windows: 2 };
const HEAT_SECONDS = 3;
const FULL = { seconds: 10, windows: 3 };

/** Resolves with what makes the measurement worthless; empty when all is well. */
export async function growth(
  args: readonly string[],
  say: (line: string) => void,
): Promise<readonly string[]> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const axes = chosenAxes(values.only);
  const defaults = values.full ? FULL : USUAL;
  const plan: GrowthPlan = {
    seconds: whole(values, "seconds", [1, 3_600], defaults.seconds),
    windows: whole(values, "windows", [1, 100], defaults.windows),
    warmUpSeconds: integer(values, "warm-up", 0, 3_600),
    heatSeconds: HEAT_SECONDS,
    directory: values.directory,
    seed: integer(values, "seed", 0, 2 ** 32 - 1),
  };
  const sizes = values.sizes === undefined ? undefined : sizesOf(values.sizes, axes);
  const isShort = plan.seconds < defaults.seconds || plan.windows < defaults.windows;
  const measured: GrowthResult["axes"][number][] = [];
  const head = await circumstances({
    ...(plan.directory === undefined ? {} : { directory: plan.directory }),
    seed: plan.seed,
    length: isShort ? "quick" : values.full ? "full" : "usual",
  });
  const stolenPercent = watchStolen();
  for (const axis of axes) {
    const chosen = sizes ?? axis.sizes[values.full ? "full" : "quick"];
    measured.push(await measureAxis(axis, chosen, plan, say));
  }
  const command = ["growth", ...args].join(" ");
  const result: GrowthResult = {
    kind: "growth",
    name: "growth",
    command,
    ...head,
    stolenPercent: stolenPercent(),
    axes: measured,
  };
  const told = tellCurves(result);
  say("");
  for (const { sentence } of told) say(sentence);
  if (values.out !== undefined) writeResult(values.out, result);
  if (values.plots !== undefined) {
    mkdirSync(values.plots, { recursive: true });
    for (const { curve, svg } of told) writeFileSync(join(values.plots, `${curve.name}.svg`), svg);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return measured.flatMap(({ complaints }) => complaints);
}

async function measureAxis(
  axis: GrowthAxis,
  sizes: readonly number[],
  plan: GrowthPlan,
  say: (line: string) => void,
): Promise<GrowthResult["axes"][number]> {
  say(`${axis.of}: ${axis.constant}`);
  const points: GrowthResult["axes"][number]["points"][number][] = [];
  const complaints: string[] = [];
  for (const size of sizes) {
    const beganMs = performance.now();
    const measured = await axis.measure(size, plan);
    for (const each of measured) {
      const { figures, complaints: own } = withoutGaps(each);
      points.push({ size, figures });
      complaints.push(...own.map((complaint) => `${axis.name} ${size}: ${complaint}`));
    }
    const seconds = Math.round((performance.now() - beganMs) / 1000);
    const told = measured
      .flatMap(({ figures }) => Object.entries(figures))
      .map(([name, value]) => `${name} ${value}`);
    say(`  ${size.toLocaleString("en-US")} (${seconds} s): ${told.join(", ")}`);
  }
  return { name: axis.name, points, complaints };
}

/** Where nothing happened in a window there is no number; it is left out, and complained of. */
export function withoutGaps({ figures, complaints }: Measured): Measured {
  const missing = Object.keys(figures).filter((name) => !Number.isFinite(figures[name]));
  if (missing.length === 0) return { figures, complaints };
  const kept = Object.entries(figures).filter(([name]) => !missing.includes(name));
  return {
    figures: Object.fromEntries(kept),
    complaints: [...complaints, `Nothing was measured of ${missing.join(", ")}.`],
  };
}

function chosenAxes(only: string | undefined): readonly GrowthAxis[] {
  if (only === undefined) return AXES;
  return only.split(",").map((name) => {
    const found = AXES.find((axis) => axis.name === name);
    if (found === undefined)
      throw new UsageError(`--only names some of ${AXES.map((axis) => axis.name).join(", ")}.`);
    return found;
  });
}

function sizesOf(text: string, axes: readonly GrowthAxis[]): readonly number[] {
  if (axes.length !== 1) throw new UsageError("--sizes are those of one: name it with --only.");
  return text.split(",").map((sizes) => integer({ sizes }, "sizes", 2, 1_000_000_000));
}
