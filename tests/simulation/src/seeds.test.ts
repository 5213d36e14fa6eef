/**
 * Goal: whatever breaks, nothing acknowledged is lost, doubled or out of order, and all devices agree.
 *
 * Method: seeds of every scenario. PARLEY_SIMULATION_FROM and PARLEY_SIMULATION_SEEDS choose others and more.
 */
import { RARE_PATHS } from "@parley/base";
import { SCENARIOS, type SimulationResult, planOf, simulate } from "@parley/simulator";
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";

/** Seeds from here on are quick: among those before it are some with more messages than all of these have. */
const FROM = Number(process.env["PARLEY_SIMULATION_FROM"] ?? 15);
const SEEDS = Number(process.env["PARLEY_SIMULATION_SEEDS"] ?? 14);
/** So often backups begin that a crash meets one. */
const CROWDED_BACKUPS_MS = 400;
/** The same seed has to be the same run. */
const REPEATED = [FROM, FROM + 7, FROM + 31, seedWithBackups(FROM)];

function failureOf({ seed, complaints }: SimulationResult, scenario: string): readonly string[] {
  if (complaints.length === 0) return [];
  const again = `npm run -s simulate -- --from ${seed} --seeds 1 --scenario ${scenario} --trace`;
  return [`${again}\n${complaints.slice(0, 3).join("\n")}`];
}

const rarePathsTaken = new Set<string>();
let removed = 0;
const backups = { whole: 0, cutOff: 0 };

function seedWithBackups(from: number): number {
  let seed = from;
  while (planOf(seed, "mixed").backupMs === undefined) seed += 1;
  return seed;
}

for (const scenario of SCENARIOS) {
  test(`${SEEDS} seeds from ${FROM} on: ${scenario}`, async (t) => {
    const failures: string[] = [];
    let messages = 0;
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const result = await simulate(seed, planOf(seed, scenario));
      messages += result.messages;
      removed += result.removedRows;
      backups.whole += result.backupsWhole;
      backups.cutOff += result.backups - result.backupsWhole;
      for (const path of Object.keys(result.rarePaths)) rarePathsTaken.add(path);
      failures.push(...failureOf(result, scenario));
    }
    t.diagnostic(`${messages} messages`);
    deepEqual(failures, []);
  });
}

test("every rare path was taken", () => {
  deepEqual([...rarePathsTaken].toSorted(), RARE_PATHS.toSorted());
});

test("messages that were trimmed were removed", () => {
  ok(removed > 0);
});

test("backups were taken, and some of them cut off", async () => {
  for (let seed = FROM; backups.cutOff === 0 && seed < FROM + SEEDS; seed++) {
    const plan = { ...planOf(seed, "crashes"), backupMs: CROWDED_BACKUPS_MS };
    const result = await simulate(seed, plan);
    backups.whole += result.backupsWhole;
    backups.cutOff += result.backups - result.backupsWhole;
    deepEqual(result.complaints, []);
  }
  ok(backups.whole > 0 && backups.cutOff > 0, JSON.stringify(backups));
});

test("a seed is one run: twice the same", async () => {
  for (const seed of REPEATED) {
    const plan = planOf(seed, "mixed");
    const [one, other] = [await simulate(seed, plan), await simulate(seed, plan)];
    equal(other.traceHash, one.traceHash);
  }
});
