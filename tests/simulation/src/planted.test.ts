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
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";

const SEEDS_MAX = 1_000;

/** Where a bug shows: most do anywhere. */
const SCENARIO: Partial<Record<PlantedBugName, Scenario>> = {
  "ignore-failed-fsync": "fsync",
};

/** What a run needs to show a bug that hardly any seed would show by itself. */
const NEEDED: Partial<Record<PlantedBugName, Partial<Plan>>> = {
  "backup-does-not-hold-the-cold": {
    backupMs: 1_500,
    cold: { everyMs: 200, ageMs: 0, thawChance: 0.2, objectBytes: 500, seed: 1 },
  },
};

/** Seeds that cannot show a bug are left out: they have no backups. */
function canShow(planted: PlantedBugName, { backupMs }: Plan): boolean {
  return !(planted.startsWith("backup-") && backupMs === undefined);
}

/** Where a rare one is looked for: not far before a seed that has shown it. */
const FROM: Partial<Record<PlantedBugName, number>> = {
  "ignore-failed-fsync": 145,
  "backup-with-later-rows": 25,
  "backup-is-not-synced": 60,
};

for (const planted of Object.keys(PLANTED_BUGS) as PlantedBugName[]) {
  test(`caught: ${planted}`, async (t) => {
    const scenario = SCENARIO[planted] ?? "mixed";
    for (let seed = FROM[planted] ?? 1; seed <= SEEDS_MAX; seed++) {
      const plan = { ...planOf(seed, scenario), ...NEEDED[planted] };
      if (!canShow(planted, plan)) continue;
      const { complaints } = await simulate(seed, plan, { planted });
      if (complaints.length === 0) continue;
      // A wrapper that lacks a method is caught by everything, and shows nothing.
      deepEqual(
        complaints.filter((complaint) => complaint.includes("is not a function")),
        [],
      );
      t.diagnostic(`seed ${seed}: ${complaints[0]!.slice(0, 160)}`);
      return;
    }
    ok(false, `${SEEDS_MAX} seeds did not show it`);
  });
}
