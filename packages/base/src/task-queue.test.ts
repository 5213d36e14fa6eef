import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { TaskQueue } from "./task-queue.js";

test("tasks run one after another, and go on after one that fails", async () => {
  const queue = new TaskQueue();
  const events: string[] = [];
  const task = (name: string) => async (): Promise<string> => {
    events.push(`${name} begins`);
    await Promise.resolve();
    events.push(`${name} ends`);
    if (name === "b") throw new Error("no");
    return name;
  };
  const [a, b, c] = [queue.run(task("a")), queue.run(task("b")), queue.run(task("c"))];
  await rejects(b, { message: "no" });
  await queue.settled();
  deepEqual(events, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  deepEqual([await a, await c], ["a", "c"]);
});
