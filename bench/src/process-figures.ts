/** What the operating system knows about a process and a directory. Linux only; elsewhere the figures are 0. */
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** USER_HZ, which Linux fixes at 100 for all architectures that Node runs on. */
const TICKS_PER_SECOND = 100;
const BLOCK_BYTES = 512;
/** Positions in /proc/PID/stat, counted after the name in brackets. */
const PARENT_FIELD = 1;
const UTIME_FIELD = 11;
const STIME_FIELD = 12;
const CHILDREN_UTIME_FIELD = 13;
const CHILDREN_STIME_FIELD = 14;

/** Seconds of processor time that a process has used, all its threads together. */
export function processCpuSeconds(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[UTIME_FIELD] ?? 0) + Number(fields[STIME_FIELD] ?? 0)) / TICKS_PER_SECOND;
}

/** Seconds of processor time of a process: of the thread that runs its JavaScript, and of all others together. */
export function processThreadSeconds(pid: number): { readonly main: number; readonly others: number } {
  let [main, others] = [0, 0];
  for (const thread of threadsOf(pid)) {
    // Nanoseconds on a processor come first.
    const seconds = Number(readProc(pid, `task/${thread}/schedstat`).split(" ")[0] ?? 0) / 1e9;
    if (thread === String(pid)) main += seconds;
    else others += seconds;
  }
  return { main, others };
}

/** Resident memory of a process. */
export function processRssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, "status"))?.[1] ?? 0) * 1024;
}

/** Bytes that a process has caused to be written to disks, at once or later. */
export function processWrittenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readProc(pid, "io"))?.[1] ?? 0);
}

/** A process and all that it has started, directly or not, and that still run. */
export function processTree(pid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statFields(Number(name))[PARENT_FIELD];
    if (parent === undefined) continue;
    childrenOf.set(Number(parent), [...(childrenOf.get(Number(parent)) ?? []), Number(name)]);
  }
  const tree = [pid];
  for (const each of tree) tree.push(...(childrenOf.get(each) ?? []));
  return tree;
}

/** Seconds of processor time of a tree of processes, with those of its children that have ended. */
export function treeCpuSeconds(pid: number): number {
  let ticks = 0;
  for (const each of processTree(pid)) {
    const fields = statFields(each);
    for (const field of [UTIME_FIELD, STIME_FIELD, CHILDREN_UTIME_FIELD, CHILDREN_STIME_FIELD])
      ticks += Number(fields[field] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Memory of a tree of processes, with what they share counted once; resident memory where that is not told. */
export function treeMemoryBytes(pid: number): number {
  let bytes = 0;
  for (const each of processTree(pid)) {
    const share = /^Pss:\s+(\d+) kB/m.exec(readProc(each, "smaps_rollup"))?.[1];
    bytes += share === undefined ? processRssBytes(each) : Number(share) * 1024;
  }
  return bytes;
}

/** Bytes that a tree of processes has caused to be written to disks, at once or later. */
export function treeWrittenBytes(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + processWrittenBytes(each), 0);
}

/** How many files this process, and those it starts, may have open. Infinity where that is not told. */
export function openFilesMax(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readProc(process.pid, "limits"))?.[1];
  return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Bytes that a directory takes on disk, as `du` counts them. */
export function diskBytes(path: string): number {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  const own = entry.blocks * BLOCK_BYTES;
  if (!entry.isDirectory()) return own;
  return readdirSync(path).reduce((sum, name) => sum + diskBytes(join(path, name)), own);
}

/** Whether processes can be pinned to a processor here. */
export function hasTaskset(): boolean {
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    // Not installed, or not Linux: nothing is pinned, and the report says so.
    return false;
  }
}

/** Pins this process and all its threads to one processor. Returns whether it worked. */
export function pinThisProcess(core: number): boolean {
  try {
    execFileSync("taskset", ["-a", "-c", "-p", String(core), String(process.pid)], { stdio: "ignore" });
    return true;
  } catch {
    // As above, or the machine has no such processor.
    return false;
  }
}

function statFields(pid: number): string[] {
  const text = readProc(pid, "stat");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // As below.
    return [];
  }
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // No /proc, or the process has ended.
    return "";
  }
}
