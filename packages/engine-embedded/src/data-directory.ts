/**
 * The directory in which a single-machine server keeps everything:
 *
 *   format.json   {"format": 1, "createdBy": "parley 0.1.0"}; written first, so a directory without it is not ours
 *   lock/         the exclusive lock, see directory-lock.ts
 *   holder.pid    who holds it, for messages
 *   journal/      the log
 *   tables/       LevelDB
 *   parley.sock   where the running server is reached by its tools
 */

import { open, readdir, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";

import { Failure } from "@parley/base";

import { lockDirectory } from "./directory-lock.js";
import { createDirectory, syncDirectory } from "./durable-directory.js";

const FORMAT_FILE = "format.json";
const CREATED_BY = "parley 0.1.0";
/** What may lie in a directory that counts as empty: our own drafts, and what file systems put into their root. */
const IGNORED = /^(format\.json\.\d+\.tmp|lost\+found)$/;

export interface DataDirectoryOptions {
  /** The newest format that this server reads, and the one it creates. */
  readonly formatVersion: number;
}

/** A data directory that is locked for this process. */
export interface DataDirectory {
  readonly path: string;
  /** The format found; older than asked for when the directory waits for a migration. */
  readonly formatVersion: number;
  readonly journalPath: string;
  readonly tablesPath: string;
  readonly socketPath: string;
  /** Unlocks it. Close what is open inside first. Twice is as once. */
  release(): Promise<void>;
}

interface Format {
  readonly format: number;
  readonly createdBy: string;
}

/**
 * Opens a data directory, creating it (for its owner only) when it does not exist or is empty, and locks it. The lock
 * ends with `release` or with the process.
 *
 * Errors: "data-directory-locked", "data-directory-newer" (a later version of Parley wrote it), "data-directory-foreign"
 *   (something else is in it), "data-directory-unusable" (it cannot be created, read or written).
 */
export async function openDataDirectory(path: string, options: DataDirectoryOptions): Promise<DataDirectory> {
  const directory = resolve(path);
  await usable(directory, () => createDirectory(directory));
  const found = await usable(directory, () => findFormat(directory));
  if (found === undefined) await usable(directory, () => createFormat(directory, options.formatVersion));
  // Nothing is written into a directory of a newer version, not even a lock.
  else checkReadable(directory, found, options.formatVersion);

  const lock = await usable(directory, () => lockDirectory(directory));
  try {
    // Again, now that nobody else can change it.
    const format = await usable(directory, () => findFormat(directory));
    if (format === undefined) throw foreignFailure(directory);
    checkReadable(directory, format, options.formatVersion);
    return {
      path: directory,
      formatVersion: format.format,
      journalPath: join(directory, "journal"),
      tablesPath: join(directory, "tables"),
      socketPath: join(directory, "parley.sock"),
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

// Undefined for an empty directory.
async function findFormat(directory: string): Promise<Format | undefined> {
  const names = await readdir(directory);
  if (!names.includes(FORMAT_FILE)) {
    if (names.every((name) => IGNORED.test(name))) return undefined;
    throw foreignFailure(directory);
  }
  const format = parseFormat(await readFile(join(directory, FORMAT_FILE), "utf8"));
  if (format === undefined) throw foreignFailure(directory);
  return format;
}

function parseFormat(text: string): Format | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Record<keyof Format, unknown>> | null;
    if (!Number.isSafeInteger(parsed?.format) || typeof parsed?.createdBy !== "string") return undefined;
    return { format: parsed.format as number, createdBy: parsed.createdBy };
  } catch {
    // Not JSON, so not ours.
    return undefined;
  }
}

// Two processes that do this at once write the same, each by way of its own draft, and one of them then gets the lock.
async function createFormat(directory: string, format: number): Promise<void> {
  const draft = join(directory, `${FORMAT_FILE}.${process.pid}.tmp`);
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ format, createdBy: CREATED_BY } satisfies Format)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, FORMAT_FILE));
  await syncDirectory(directory);
}

function checkReadable(directory: string, found: Format, formatVersion: number): void {
  if (found.format <= formatVersion) return;
  throw new Failure(
    "data-directory-newer",
    `The data directory ${directory} has format ${found.format}, created by ${found.createdBy}; this server reads up to ` +
      `format ${formatVersion}. Run a version of Parley that reads format ${found.format}.`,
    { retry: "after-change", details: { format: found.format, formatMax: formatVersion } },
  );
}

function foreignFailure(directory: string): Failure {
  return new Failure(
    "data-directory-foreign",
    `${directory} is neither empty nor a data directory of Parley: it has no valid ${FORMAT_FILE}. Choose another one.`,
    { retry: "after-change" },
  );
}

async function usable<T>(directory: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const code = errorCode(error);
    if (error instanceof Failure || code === undefined) throw error;
    const message = `The data directory ${directory} cannot be used (${code}). Check its path and permissions.`;
    throw new Failure("data-directory-unusable", message, { cause: error, retry: "after-change" });
  }
}

function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}
