/** What the operating system knows about a process and a directory. Linux only; elsewhere the figures are 0. */
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** USER_HZ, which Linux fixes at 100 for all architectures that Node runs on. */
const TICKS_PER_SECOND = 100;
const BLOCK_BYTES = 512;
/** Positions in /proc/PID/stat, counted after the name in brackets. */
const UTIME_FIELD = 11;
const STIME_FIELD = 12;

/** Seconds of processor time that a process has used, all its threads together. */
export function processCpuSeconds(pid: number): number {
  const text = readProc(pid, "stat");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
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
