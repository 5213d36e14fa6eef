/**
 * The directory in which a single-machine server keeps everything:
 *
 *   format.json   {"format": 2, "createdBy": "parley 0.1.0", "isEncrypted": true}; written first, so a directory without
 *                 it is not ours
 *   lock/         the exclusive lock, see directory-lock.ts
 *   holder.pid    who holds it, for messages
 *   keys/         the key store, and the master key unless that comes from elsewhere
 *   identity.json which installation this is; made when it is first served
 *   journal/      the log
 *   tables/       LevelDB
 *   cold/         files of the cold tier
 *   media/        what people uploaded
 *   parley.sock   where the running server is reached by its tools
 */

import { open, readdir, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";

import { Failure } from "@parley/base";

import { lockDirectory } from "./directory-lock.js";
import { createDirectory, syncDirectory } from "./durable-directory.js";

const FORMAT_FILE = "format.json";
const CREATED_BY = "parley 0.1.0";
/** What makes a directory without a format something that is not finished, by the file that says so. */
const UNFINISHED: ReadonlyMap<string, string> = new Map([
  ["restore.json", "A restore into it was not finished: remove it and restore again."],
  ["standby.json", "It is a standby's: promote it first (parley standby promote)."],
]);
/** What may lie in a directory that counts as empty: our own drafts, and what file systems put into their root. */
const IGNORED = /^(format\.json\.\d+\.tmp|lost\+found)$/;

export interface DataDirectoryOptions {
  /** The format that this server reads and creates. */
  readonly formatVersion: number;
  /** Whether what is stored in a directory that is created now will be encrypted. Kept for ever. */
  readonly isEncrypted: boolean;
}

/** A data directory that is locked for this process. */
export interface DataDirectory {
  readonly path: string;
  readonly formatVersion: number;
  /** As it was created. */
  readonly isEncrypted: boolean;
  readonly keysPath: string;
  readonly journalPath: string;
  readonly tablesPath: string;
  /** Where objects of the cold tier are: a directory, a mount or a link. Made when the first one comes. */
  readonly coldPath: string;
  /** Where parts of media are: a directory, a mount or a link. Made when the first one comes. */
  readonly mediaPath: string;
  readonly socketPath: string;
  /** Unlocks it. Close what is open inside first. Twice is as once. */
  release(): Promise<void>;
}

interface Format {
  readonly format: number;
  readonly createdBy: string;
  readonly isEncrypted: boolean;
}

/**
 * Opens a data directory, creating it (for its owner only) when it does not exist or is empty, and locks it. The lock
 * ends with `release` or with the process.
 *
 * Errors: "data-directory-locked", "data-directory-newer" and "data-directory-older" (another version of Parley wrote it),
 *   "data-directory-unfinished" (a restore was not finished, or it is a standby's), "data-directory-foreign" (something else
 *   is in it), "data-directory-unusable" (it cannot be created, read or written).
 */
export async function openDataDirectory(path: string, options: DataDirectoryOptions): Promise<DataDirectory> {
  const directory = resolve(path);
  await usable(directory, () => createDirectory(directory));
  const found = await usable(directory, () => findFormat(directory));
  if (found === undefined) await usable(directory, () => createFormat(directory, options));
  // Nothing is written into a directory of another version, not even a lock.
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
      isEncrypted: format.isEncrypted,
      keysPath: join(directory, "keys"),
      journalPath: join(directory, "journal"),
      tablesPath: join(directory, "tables"),
      coldPath: join(directory, "cold"),
      mediaPath: join(directory, "media"),
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
    for (const [file, remedy] of UNFINISHED) if (names.includes(file)) throw unfinished(directory, remedy);
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
    const { format, createdBy } = parsed as Format;
    return { format, createdBy, isEncrypted: parsed.isEncrypted === true };
  } catch {
    // Not JSON, so not ours.
    return undefined;
  }
}

// Two processes that do this at once write the same, each by way of its own draft, and one of them then gets the lock.
async function createFormat(
  directory: string,
  { formatVersion, isEncrypted }: DataDirectoryOptions,
): Promise<void> {
  const format: Format = { format: formatVersion, createdBy: CREATED_BY, isEncrypted };
  const draft = join(directory, `${FORMAT_FILE}.${process.pid}.tmp`);
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(format)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, FORMAT_FILE));
  await syncDirectory(directory);
}

function checkReadable(directory: string, found: Format, formatVersion: number): void {
  if (found.format === formatVersion) return;
  if (found.format < formatVersion) {
    throw new Failure(
      "data-directory-older",
      `The data directory ${directory} has format ${found.format}, created by ${found.createdBy}; this server reads ` +
        `format ${formatVersion}. Start with a new directory, or run the version of Parley that made this one.`,
      { retry: "after-change", details: { format: found.format, formatMax: formatVersion } },
    );
  }
  throw new Failure(
    "data-directory-newer",
    `The data directory ${directory} has format ${found.format}, created by ${found.createdBy}; this server reads ` +
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

function unfinished(directory: string, remedy: string): Failure {
  return new Failure(
    "data-directory-unfinished",
    `${directory} is no data directory of Parley yet. ${remedy}`,
    {
      retry: "after-change",
    },
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
