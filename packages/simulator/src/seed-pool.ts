/** Runs seeds on several threads. A seed is one run wherever it runs; only the order in which they end is free. */
import { Worker } from "node:worker_threads";
import type { SeedTask } from "./run-seed.js";
import type { SimulationResult } from "./simulation.js";

const THREAD = new URL("./seed-thread.js", import.meta.url);

/**
 * Runs the tasks, `threads` at a time, and gives each result to `onResult`, which may answer false: then no other task is begun.
 * Rejects when a thread ends by itself, which no result of a simulation makes it do.
 */
export async function runOnThreads(
  tasks: Iterator<SeedTask>,
  threads: number,
  onResult: (result: SimulationResult) => boolean,
): Promise<void> {
  let isEnough = false;
  const work = async (): Promise<void> => {
    const worker = new Worker(THREAD);
    try {
      while (!isEnough) {
        const task = tasks.next();
        if (task.done === true) return;
        const result = await answerOf(worker, task.value);
        if (!onResult(result)) isEnough = true;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
}

function answerOf(worker: Worker, task: SeedTask): Promise<SimulationResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => {
      reject(new Error(`The thread that ran seed ${task.seed} ended with ${code}.`));
    };
    worker.once("error", reject);
    worker.once("exit", ended);
    worker.once("message", (result: SimulationResult) => {
      worker.off("error", reject);
      worker.off("exit", ended);
      resolve(result);
    });
    worker.postMessage(task);
  });
}
