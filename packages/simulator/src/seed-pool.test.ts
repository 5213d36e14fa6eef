/**
 * Goal: a seed is the same run on any thread, and a thread that ends says so.
 *
 * Method: the hashes of a few seeds on two threads are those that this thread gets.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { runSeed, type SeedTask } from "./run-seed.js";
import { runOnThreads } from "./seed-pool.js";

const TASKS: readonly SeedTask[] = [3, 5, 6, 9].map((seed) => ({
  seed,
  scenario: "mixed",
  planted: undefined,
}));

test("threads run what this one runs", async () => {
  const hashes = new Map<number, string>();
  await runOnThreads(TASKS.values(), 2, ({ seed, traceHash }) => {
    hashes.set(seed, traceHash);
    return true;
  });
  equal(hashes.size, TASKS.length);
  for (const task of TASKS) equal(hashes.get(task.seed), (await runSeed(task)).traceHash);
});

test("no task is begun after enough", async () => {
  const seeds: number[] = [];
  await runOnThreads(TASKS.values(), 1, ({ seed }) => {
    seeds.push(seed);
    return seeds.length < 2;
  });
  deepEqual(seeds, [3, 5]);
});

test("a thread that ends is told", async () => {
  const broken = { seed: 1, scenario: "nowhere" } as unknown as SeedTask;
  await rejects(
    runOnThreads([broken].values(), 1, () => true),
    Error,
  );
});
