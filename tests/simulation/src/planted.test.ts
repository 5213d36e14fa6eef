/**
 * Goal: the judges see what they are there for.
 *
 * Method: a server with one bug at a time. Some seed has to be complained about; a correct server passes the same seeds.
 * Where each is looked for first is in testing/planted-seeds.ts, which testing/find-planted-seeds.ts makes anew.
 */
import { PLANTED_BUGS, type PlantedBugName, simulate } from "@parley/simulator";
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { plantedPlan } from "./testing/planted-plans.js";
import { PLANTED_SEEDS } from "./testing/planted-seeds.js";

const SEEDS_MAX = 1_000;

for (const planted of Object.keys(PLANTED_BUGS) as PlantedBugName[]) {
  test(`caught: ${planted}`, async (t) => {
    for (let seed = PLANTED_SEEDS[planted] ?? 1; seed <= SEEDS_MAX; seed++) {
      const plan = plantedPlan(planted, seed);
      if (plan === undefined) continue;
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
