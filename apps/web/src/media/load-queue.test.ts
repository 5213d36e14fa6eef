import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { LoadQueue } from "./load-queue.js";

test("so many are loaded at a time, the newest wish first, and of those that wait the oldest are given up", async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new LoadQueue<string>({
    atATime: 2,
    waitingMax: 3,
    load: (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  const endAll = async (): Promise<void> => {
    for (const end of ends.splice(0)) end();
    // The next ones begin a few turns after the end of those before.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  for (const item of ["a", "b", "given up", "c", "d", "gone", "c"]) queue.add(item);
  queue.remove("gone");
  const first = [...begun];
  await endAll();
  queue.add("e");
  queue.clear();
  await endAll();
  deepEqual(
    [first, begun],
    [
      ["a", "b"],
      ["a", "b", "c", "d"],
    ],
  );
});
