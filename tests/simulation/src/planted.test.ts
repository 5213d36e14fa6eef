/**
 * Goal: the judges see what they are there for.
 *
 * Method: a server with one bug at a time. Some seed has to be complained about; a correct server passes the same seeds.
 */
import {
  type Plan,
  PLANTED_BUGS,
  type PlantedBugName,
  type Scenario,
  planOf,
  simulate,
} from "@parley/simulator";
import { ok } from "node:assert/strict";
import { test } from "node:test";

const SEEDS_MAX = 1_000;

/** Where a bug shows: most do anywhere. */
const SCENARIO: Partial<Record<PlantedBugName, Scenario>> = {
  "ignore-failed-fsync": "fsync",
};

/** Seeds that cannot show a bug are left out: they have no backups, or nothing goes cold. */
function canShow(planted: PlantedBugName, { backupMs, cold }: Plan): boolean {
  return (
    !(planted.startsWith("backup-") && backupMs === undefined) &&
    !(planted.endsWith("-the-cold") && cold === undefined)
  );
}

for (const planted of Object.keys(PLANTED_BUGS) as PlantedBugName[]) {
  test(`caught: ${planted}`, async (t) => {
    const scenario = SCENARIO[planted] ?? "mixed";
    for (let seed = 1; seed <= SEEDS_MAX; seed++) {
      const plan = planOf(seed, scenario);
      if (!canShow(planted, plan)) continue;
      const { complaints } = await simulate(seed, plan, { planted });
      if (complaints.length === 0) continue;
      t.diagnostic(`seed ${seed}: ${complaints[0]!.slice(0, 160)}`);
      return;
    }
    ok(false, `${SEEDS_MAX} seeds did not show it`);
  });
}
