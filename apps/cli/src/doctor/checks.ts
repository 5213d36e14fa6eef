/** What `parley doctor` looks at. Each check says what it found and, unless all is well, what to do. */
import { constants } from "node:fs";
import { access, open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Ambient, type Clock, failureCode, messageOf } from "@parley/base";
import { type MasterKeySource, openInstallation } from "@parley/server";

export interface Finding {
  readonly check: string;
  readonly state: "ok" | "warning" | "failure";
  readonly detail: string;
}

const NODE_MIN = [20, 19] as const;
const GIB = 1024 ** 3;
/** Less than this is refused by the server's own reserve, by default. */
const FREE_BYTES_MIN = 64 * 1024 ** 2;
const FREE_BYTES_GOOD = 2 * GIB;
/** Every connected device takes one descriptor. */
const DESCRIPTORS_GOOD = 8_192;
const SYNCS = 50;
const SYNC_BYTES = 4_096;
/** Every acknowledgement waits for one sync; a disk slower than this is felt in every message. */
const SYNC_MS_GOOD = 20;
/** An earlier year is a clock that was never set. */
const TIME_MS_MIN = Date.UTC(2025, 0, 1);

/** Runs every check, in the order in which one would mend things. Never throws. */
export async function examine(options: {
  readonly dataDirectory: string;
  readonly tenant: string;
  readonly ambient: Ambient;
  readonly masterKey?: MasterKeySource;
}): Promise<readonly Finding[]> {
  const { dataDirectory, ambient } = options;
  const findings = [checkNode(process.versions.node), checkClock(ambient.clock), checkDescriptors()];
  const directory = await checkDirectory(dataDirectory);
  findings.push(directory);
  if (directory.state !== "ok") return findings;
  findings.push(await checkPermissions(dataDirectory));
  findings.push(await checkSpace(dataDirectory));
  findings.push(await checkSyncs(dataDirectory, ambient.clock));
  findings.push(await checkInstallation(options));
  return findings;
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return isEnough
    ? ok("node", version)
    : failure("node", `${version}: install Node ${NODE_MIN.join(".")} or newer`);
}

export function checkClock(clock: Clock): Finding {
  const now = new Date(clock.nowMs()).toISOString();
  if (clock.nowMs() >= TIME_MS_MIN) return ok("clock", now);
  return failure("clock", `${now} cannot be right: set the machine's clock, messages carry its time`);
}

function checkDescriptors(): Finding {
  const report = process.report?.getReport() as
    | { readonly userLimits?: { readonly open_files?: { readonly soft?: number | "unlimited" } } }
    | undefined;
  const soft = report?.userLimits?.open_files?.soft;
  if (soft === undefined) return ok("open files", "no limit is known on this system");
  if (soft === "unlimited" || soft >= DESCRIPTORS_GOOD) return ok("open files", `limit ${soft}`);
  return warning("open files", `limit ${soft}: each device takes one; raise it with ulimit -n`);
}

async function checkDirectory(path: string): Promise<Finding> {
  try {
    if (!(await stat(path)).isDirectory()) return failure("data directory", `${path} is not a directory`);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok("data directory", path);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") {
      return warning("data directory", `${path} does not exist yet: the first start of the server makes it`);
    }
    return failure("data directory", `${path} cannot be used: ${messageOf(error)}`);
  }
}

async function checkPermissions(path: string): Promise<Finding> {
  const { mode } = await stat(path);
  const others = mode & 0o077;
  return others === 0
    ? ok("permissions", "only the owner may enter")
    : warning("permissions", `other accounts may enter: chmod 700 ${path}`);
}

async function checkSpace(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free`;
  if (free < FREE_BYTES_MIN)
    return failure("disk space", `${detail}: the server refuses to write; make room`);
  return free < FREE_BYTES_GOOD
    ? warning("disk space", `${detail}: make room soon`)
    : ok("disk space", detail);
}

async function checkSyncs(path: string, clock: Clock): Promise<Finding> {
  const probe = join(path, `doctor.${process.pid}.tmp`);
  try {
    const times = await timeSyncs(probe, clock);
    const middle = times[Math.floor(times.length / 2)]!;
    const detail = `median ${middle.toFixed(2)} ms, slowest of ${times.length} ${times.at(-1)!.toFixed(2)} ms`;
    if (middle <= SYNC_MS_GOOD) return ok("disk sync", detail);
    return warning("disk sync", `${detail}: every acknowledgement waits for one; use a faster disk`);
  } catch (error) {
    return failure("disk sync", `cannot write and sync: ${messageOf(error)}`);
  } finally {
    await rm(probe, { force: true });
  }
}

async function timeSyncs(path: string, clock: Clock): Promise<readonly number[]> {
  const block = Buffer.alloc(SYNC_BYTES, 1);
  const times: number[] = [];
  const file = await open(path, "wx", 0o600);
  try {
    for (let count = 0; count < SYNCS; count++) {
      const startedMs = clock.monotonicMs();
      await file.write(block);
      await file.datasync();
      times.push(clock.monotonicMs() - startedMs);
    }
  } finally {
    await file.close();
  }
  return times.toSorted((one, other) => one - other);
}

/** Opens it, which checks the format, reads the whole journal and replays what the tables lack; or asks its server. */
async function checkInstallation(options: {
  readonly dataDirectory: string;
  readonly tenant: string;
  readonly ambient: Ambient;
  readonly masterKey?: MasterKeySource;
}): Promise<Finding> {
  const failures: unknown[] = [];
  try {
    const installation = await openInstallation({ ...options, onFatal: (error) => failures.push(error) });
    try {
      const { pid, journalBytes } = await installation.operations.status({ tenant: options.tenant });
      if (installation.isServed) {
        const mebibytes = (journalBytes / 1024 ** 2).toFixed(1);
        return ok(
          "installation",
          `served by process ${pid}, which answers; ${mebibytes} MiB written since its start`,
        );
      }
    } finally {
      await installation.close();
    }
    if (failures.length > 0) return failure("installation", `the disk fails: ${messageOf(failures[0])}`);
    return ok("installation", "opens, is complete, and no server runs on it");
  } catch (error) {
    return failure("installation", `${failureCode(error) ?? "unexpected"}: ${messageOf(error)}`);
  }
}

function ok(check: string, detail: string): Finding {
  return { check, state: "ok", detail };
}

function warning(check: string, detail: string): Finding {
  return { check, state: "warning", detail };
}

function failure(check: string, detail: string): Finding {
  return { check, state: "failure", detail };
}
