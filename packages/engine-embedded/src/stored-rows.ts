/**
 * The rows of tables as they are stored: encoded key, and value behind its checksum. Copies are made of these bytes, so
 * that a copy needs to know neither what a table is nor how its values are sealed.
 */
import { ClassicLevel } from "classic-level";
import { createDirectory } from "./durable-directory.js";
import { levelFailure } from "./level-failure.js";
import { openRow } from "./row-checksum.js";

/** Of rows read in one call. */
const PAGE_ROWS_MAX = 4_096;
const PAGE_BYTES_MAX = 256 * 1024;
/** As of the tables that will be opened there. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

export type StoredRow = readonly [key: Buffer, stored: Buffer];

/** Rows of one moment, in the order of their keys. */
export interface StoredRows {
  /** The next rows, about 256 KiB of them; none at the end. Errors: "tables-failed", "tables-closed". */
  next(): Promise<readonly StoredRow[]>;
  /** Twice is as once. */
  close(): Promise<void>;
}

/** Tables that are being made of stored rows. */
export interface RowImport {
  /** Durable when it resolves. Errors: "tables-full", "tables-failed". */
  put(rows: readonly StoredRow[]): Promise<void>;
  close(): Promise<void>;
}

/** A snapshot that is taken by the call. `reading` translates what the database fails with. */
export function readStoredRows(
  database: ClassicLevel<Buffer, Buffer>,
  reading: <T>(read: () => Promise<T>) => Promise<T>,
): StoredRows {
  const iterator = database.iterator({
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    highWaterMarkBytes: PAGE_BYTES_MAX,
    // What is read once does not push out what is read often.
    fillCache: false,
  });
  return {
    next: () => reading(() => iterator.nextv(PAGE_ROWS_MAX)),
    close: () => iterator.close(),
  };
}

/** Makes tables in a directory that has none. Errors: "tables-full", "tables-failed". */
export async function createStoredTables(directory: string): Promise<RowImport> {
  const translated = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw levelFailure(error, directory);
    }
  };
  await createDirectory(directory);
  const database = new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    errorIfExists: true,
  });
  await translated(() => database.open());
  return {
    // Each synced in its turn: the database would sync the newest piece of its log only.
    put: (rows) =>
      translated(() => {
        const batch = database.batch();
        for (const [key, stored] of rows) batch.put(key, stored);
        return batch.write({ sync: true });
      }),
    close: () => translated(() => database.close()),
  };
}

/** Whether key and value are what was stored together. */
export function isSoundRow([key, stored]: StoredRow): boolean {
  return openRow(key, stored) !== undefined;
}

/** What tables stored under a key, behind its checksum; undefined when key and value are not what was stored together. */
export function openStoredRow([key, stored]: StoredRow): Uint8Array | undefined {
  return openRow(key, stored);
}
