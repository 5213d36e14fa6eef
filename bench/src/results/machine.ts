/** What a measurement was made on. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { cpus, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import { Histogram } from "../histogram.js";
import { pause } from "../pause.js";
import { thousandths } from "../rounding.js";

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memory_gb: number;
  /** "Linux 6.1.0". */
  readonly kernel: string;
  /** Of the directory that was measured in: "ext4 on /dev/vda1". */
  readonly disk: string;
  /** Median of a synchronised write of 4 KiB there: what a lone message waits for, twice. */
  readonly fdatasync_ms: number;
  readonly node: string;
}

export interface Build {
  readonly version: string;
  /** "0ace41e", with a plus when files differ from it; "unknown" outside of a checkout. */
  readonly commit: string;
}

const GIGABYTE = 1024 ** 3;
const SYNCS = 100;
const WRITE_BYTES = 4096;
const BUSY_MS = 2_000;
/** Up to the time that other machines of the host took; guests are counted in the first ones. */
const STAT_FIELDS = 8;

/** Effects: writes to a file in `directory`, which is removed again. */
export function describeMachine(directory = tmpdir()): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? "unknown",
    processors: all.length,
    memory_gb: Math.round(totalmem() / GIGABYTE),
    kernel: `${type()} ${release()}`,
    disk: diskOf(directory),
    fdatasync_ms: syncMs(directory),
    node: process.version,
  };
}

export function describeBuild(): Build {
  const root = new URL("../../../", import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    // What was measured before does not make it another program.
    const changed = git(
      "status",
      "--porcelain",
      "--untracked-files=no",
      "--",
      ".",
      ":!bench/results",
      ":!docs",
    );
    return { version, commit: git("rev-parse", "--short=10", "HEAD") + (changed === "" ? "" : "+") };
  } catch {
    // No git, or no checkout.
    return { version, commit: "unknown" };
  }
}

/** How busy all processors together are now, in percent, over two seconds. */
export async function busyPercent(): Promise<number> {
  const before = ticks();
  await pause(BUSY_MS);
  const after = ticks();
  const all = after.all - before.all;
  return all > 0 ? Math.round((100 * (all - (after.idle - before.idle))) / all) : 0;
}

/** What the host took from all processors together since this call, in percent of their time; 0 where that is not told. */
export function watchStolen(): () => number {
  const before = ticks();
  return () => {
    const after = ticks();
    const all = after.all - before.all;
    return all > 0 ? Math.round((100 * (after.stolen - before.stolen)) / all) : 0;
  };
}

interface Ticks {
  readonly all: number;
  readonly idle: number;
  readonly stolen: number;
}

function ticks(): Ticks {
  try {
    // user nice system idle iowait irq softirq steal ...
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    const fields = line
      .split(/ +/)
      .slice(1, STAT_FIELDS + 1)
      .map(Number);
    const all = fields.reduce((sum, each) => sum + each, 0);
    return { all, idle: fields[3]! + fields[4]!, stolen: fields[7]! };
  } catch {
    // Not Linux.
    return { all: 0, idle: 0, stolen: 0 };
  }
}

/** The mount with the longest path above the directory. */
function diskOf(directory: string): string {
  try {
    const mounts = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([, place = ""]) => place === "/" || `${directory}/`.startsWith(`${place}/`))
      .toSorted(([, one = ""], [, other = ""]) => other.length - one.length);
    const [device = "unknown", , kind = "unknown"] = mounts[0] ?? [];
    return `${kind} on ${device}`;
  } catch {
    // Not Linux.
    return "unknown";
  }
}

function syncMs(parent: string): number {
  const directory = mkdtempSync(join(parent, "parley-bench-"));
  const file = openSync(join(directory, "sync"), "w");
  try {
    const took = new Histogram();
    const bytes = Buffer.alloc(WRITE_BYTES, 1);
    for (let count = 0; count < SYNCS; count++) {
      const beganMs = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      took.add(performance.now() - beganMs);
    }
    return thousandths(took.quantileMs(0.5));
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true, force: true });
  }
}
