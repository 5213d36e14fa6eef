/**
 * An exclusive lock on a directory that vanishes with its process, however that ends.
 *
 * Node has no flock, and a pid file or a socket stays behind after kill -9. LevelDB locks its directory with fcntl, so
 * an empty database in `lock/` is the lock. Two things it cannot do: name its holder (a pid file does, for messages only)
 * and keep out its own process (closing any descriptor of a file gives up all fcntl locks of the process on it, and a
 * second open does that), for which there is the set of held directories.
 */

import { readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Failure } from "@parley/base";
import { ClassicLevel } from "classic-level";

import { levelFailure } from "./level-failure.js";

const LOCK_FOLDER = "lock";
const HOLDER_FILE = "holder.pid";
/** The smallest buffers that LevelDB takes: nothing is ever written. */
const LOCK_BUFFER_BYTES = 64 * 1024;

// The one piece of state at module level here: fcntl locks belong to the process, so this does too.
const heldByThisProcess = new Set<string>();

/** A held lock. */
export interface DirectoryLock {
  /** Gives the lock up. Twice is as once. */
  release(): Promise<void>;
}

/**
 * Locks an existing directory.
 * Errors: "data-directory-locked", with the holder's pid when it is known.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const realDirectory = await realpath(directory);
  if (heldByThisProcess.has(realDirectory)) throw lockedFailure(directory, process.pid);
  heldByThisProcess.add(realDirectory);
  try {
    const database = await openLockDatabase(directory);
    await writeFile(join(directory, HOLDER_FILE), `${process.pid}\n`, { mode: 0o600 });
    let releasing: Promise<void> | undefined;
    const release = async (): Promise<void> => {
      await database.close();
      heldByThisProcess.delete(realDirectory);
    };
    return { release: () => (releasing ??= release()) };
  } catch (error) {
    heldByThisProcess.delete(realDirectory);
    throw error;
  }
}

async function openLockDatabase(directory: string): Promise<ClassicLevel> {
  const options = { cacheSize: LOCK_BUFFER_BYTES, writeBufferSize: LOCK_BUFFER_BYTES };
  const database = new ClassicLevel(join(directory, LOCK_FOLDER), options);
  try {
    await database.open();
    return database;
  } catch (error) {
    const failure = levelFailure(error, directory);
    if (failure.code !== "tables-locked") throw failure;
    throw lockedFailure(directory, await findHolder(directory), failure);
  }
}

function lockedFailure(directory: string, pid: number | undefined, cause?: unknown): Failure {
  const holder =
    pid === undefined ? "another process" : pid === process.pid ? "this process" : `process ${pid}`;
  return new Failure(
    "data-directory-locked",
    `The data directory ${directory} is in use by ${holder}. Stop that server first, or choose another directory.`,
    { cause, retry: "after-change", details: pid === undefined ? {} : { pid } },
  );
}

// Read only after the lock was refused, so what it names is alive, or has just taken the lock and will write it.
async function findHolder(directory: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(join(directory, HOLDER_FILE), "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    // The name of the holder is a courtesy.
    return undefined;
  }
}
