/**
 * Looks for the seed that shows each planted bug soonest, and prints planted-seeds.ts. To be run when the tests of planted bugs
 * have become slow, for whatever changes what a seed does moves them:
 *
 *   node tests/simulation/dist/testing/find-planted-seeds.js [BUG ...] > planted-seeds.ts
 *
 * and to be put in the place of tests/simulation/src/testing/planted-seeds.ts. With names only these are looked for, and the others
 * stay as they are.
 */
import { systemClock } from "@parley/base/node";
import { PLANTED_BUGS, type PlantedBugName, simulate } from "@parley/simulator";
import { plantedPlan } from "./planted-plans.js";
import { PLANTED_SEEDS } from "./planted-seeds.js";

/** Seeds that show a bug are compared within these; beyond them the first one is taken. */
const COMPARED = 30;
const SHOWN_COMPARED_MAX = 4;
const SEEDS_MAX = 2_000;

const only = process.argv.slice(2);
const lines: string[] = [];
for (const planted of Object.keys(PLANTED_BUGS) as PlantedBugName[]) {
  const seed = only.length === 0 || only.includes(planted) ? await find(planted) : PLANTED_SEEDS[planted];
  if (seed !== undefined) lines.push(`  "${planted}": ${seed},`);
}
process.stdout.write(`/** Made by find-planted-seeds.ts. */
import type { PlantedBugName } from "@parley/simulator";

/** Of each planted bug a seed that showed it soon when this was made. */
export const PLANTED_SEEDS: Partial<Record<PlantedBugName, number>> = {
${lines.join("\n")}
};
`);

async function find(planted: PlantedBugName): Promise<number | undefined> {
  const found: { seed: number; ms: number }[] = [];
  for (let seed = 1; seed <= SEEDS_MAX && found.length < SHOWN_COMPARED_MAX; seed++) {
    if (seed > COMPARED && found.length > 0) break;
    const plan = plantedPlan(planted, seed);
    if (plan === undefined) continue;
    const startedMs = systemClock.monotonicMs();
    const { complaints } = await simulate(seed, plan, { planted });
    if (complaints.length > 0) found.push({ seed, ms: Math.round(systemClock.monotonicMs() - startedMs) });
  }
  const [soonest] = found.toSorted((a, b) => a.ms - b.ms);
  const outcome = soonest === undefined ? "none" : `seed ${soonest.seed}, ${soonest.ms} ms`;
  process.stderr.write(`${planted}: ${outcome}\n`);
  return soonest?.seed;
}
