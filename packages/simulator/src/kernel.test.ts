import assert from "node:assert/strict";
import { test } from "node:test";
import { Kernel, Process } from "./kernel.js";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const SEEDS = 50;

/** The order in which a process runs what comes at these times. */
async function orderOf(
  seed: number,
  timesMs: readonly number[],
  pause: (kernel: Kernel, process: Process) => void,
): Promise<readonly number[]> {
  const kernel = new Kernel(seed);
  const process = new Process(kernel, "paused", SILENT);
  const order: number[] = [];
  for (const atMs of timesMs) kernel.schedule(process, atMs, "arrives", () => void order.push(atMs));
  pause(kernel, process);
  await kernel.run(1_000);
  return order;
}

test("what comes in a pause runs after it in the order in which it came", async () => {
  const timesMs = [1, 2, 3, 4, 5, 50.0001, 50.0002, 60];
  for (let seed = 0; seed < SEEDS; seed++)
    assert.deepEqual(await orderOf(seed, timesMs, (_kernel, process) => process.pause(50)), timesMs);
});

test("a pause within a pause changes no order", async () => {
  const timesMs = [1, 2, 20, 30, 55, 60, 61, 101];
  for (let seed = 0; seed < SEEDS; seed++) {
    const order = await orderOf(seed, timesMs, (kernel, process) => {
      process.pause(50);
      kernel.after(25, "pauses again", () => process.pause(35));
    });
    assert.deepEqual(order, timesMs);
  }
});

test("what was cancelled in a pause does not run, and nothing of a process that was killed in it", async () => {
  const kernel = new Kernel(1);
  const process = new Process(kernel, "paused", SILENT);
  const order: string[] = [];
  process.pause(50);
  const cancelled = kernel.schedule(process, 1, "cancelled", () => void order.push("cancelled"));
  kernel.schedule(process, 2, "runs and kills", () => {
    order.push("kept");
    process.kill();
  });
  kernel.schedule(process, 3, "of the dead", () => void order.push("of the dead"));
  kernel.after(10, "cancels", () => cancelled.cancel());
  await kernel.run(100);
  assert.deepEqual(order, ["kept"]);
});
