/** How durable a server is, as seen from outside: the calls that make a disk keep something, counted under a light load. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../pause.js";
import { processTree } from "../process-figures.js";
import type { PeerServer } from "./peer.js";

const CALLS = ["fsync", "fdatasync", "sync_file_range", "msync"] as const;
const ATTACH_MS_MAX = 10_000;
const ATTACH_CHECK_MS = 50;
const DETACH_MS_MAX = 10_000;

export type SyncCalls = Readonly<Record<string, number>>;

export function hasStrace(): boolean {
  return spawnSync("strace", ["-V"], { stdio: "ignore" }).status === 0;
}

/** Counts calls while `work` runs. Errors: an Error when the processes may not be traced. */
export async function countSyncs(
  server: PeerServer,
  directory: string,
  work: () => Promise<void>,
): Promise<SyncCalls> {
  const path = join(directory, "strace.txt");
  const pids = processTree(server.pid).flatMap((pid) => ["-p", String(pid)]);
  const args = ["-f", "-c", "-e", `trace=${CALLS.join(",")}`, "-o", path, ...pids];
  const tracer = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  tracer.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-1024);
  });
  const untilMs = performance.now() + ATTACH_MS_MAX;
  while (!said.includes("attached") && tracer.exitCode === null && performance.now() < untilMs)
    await pause(ATTACH_CHECK_MS);
  try {
    if (!said.includes("attached")) throw new Error(`strace did not attach: ${said.trim()}`);
    await work();
  } finally {
    await detach(tracer);
  }
  return parseCounts(readFileSync(path, "utf8"));
}

/** The table that `strace -c` writes: five or six columns, of which the fourth is the count and the last the name. */
export function parseCounts(table: string): SyncCalls {
  const counts: Record<string, number> = {};
  for (const line of table.split("\n")) {
    const columns = line.trim().split(/\s+/);
    const name = columns.at(-1) ?? "";
    if ((CALLS as readonly string[]).includes(name)) counts[name] = Number(columns[3]);
  }
  return counts;
}

async function detach(tracer: ChildProcess): Promise<void> {
  if (tracer.exitCode !== null) return;
  const ended = new Promise((resolve) => {
    tracer.once("exit", resolve);
  });
  tracer.kill("SIGINT");
  const timer = setTimeout(() => tracer.kill("SIGKILL"), DETACH_MS_MAX);
  await ended;
  clearTimeout(timer);
}
