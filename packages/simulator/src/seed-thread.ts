/** What a thread of seed-pool.ts runs: one seed at a time, as it is told. */
import { parentPort } from "node:worker_threads";
import { runSeed, type SeedTask } from "./run-seed.js";

parentPort?.on("message", (task: SeedTask) => {
  // A rejection ends the thread, and the pool says why.
  void runSeed(task).then((result) => parentPort?.postMessage(result));
});
