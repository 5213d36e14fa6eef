import { deepEqual, equal, rejects } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";

import { pause } from "../pause.js";
import { processTree } from "../process-figures.js";
import { Child, freePort } from "./child.js";

async function startingWith(command: readonly string[]): Promise<Child> {
  return Child.start({ command, directory: tmpdir(), port: await freePort(), core: undefined });
}

test("a server that ends before it listens is reported with what it said", async () => {
  const script = "console.error('the disk is on fire'); process.exit(3)";
  await rejects(
    startingWith([process.execPath, "-e", script]),
    /did not start; it said: the disk is on fire\s+\(it ended with 3\)/,
  );
});

test("a program that is not there is reported", async () => {
  await rejects(startingWith(["parley-bench-no-such-program"]), /ENOENT/);
});

test("a server is stopped with what it started, and twice is safe", async () => {
  const port = await freePort();
  const script = `
    require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    require("node:net").createServer().listen(${port}, "127.0.0.1")`;
  const command = [process.execPath, "-e", script];
  const child = await Child.start({ command, directory: tmpdir(), port, core: undefined });
  const started = processTree(child.pid);
  equal(started.length, 2);
  await child.stop();
  await child.stop();
  const untilMs = performance.now() + 5_000;
  while (started.some(isRunning) && performance.now() < untilMs) await pause(10);
  deepEqual(started.filter(isRunning), []);
});

/** One that was killed and that nobody asked about yet runs no more. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    // No such process.
    return false;
  }
}
