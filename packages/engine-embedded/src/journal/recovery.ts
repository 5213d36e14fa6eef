/**
 * Reading a journal back after a stop of any kind.
 *
 * A commit is acknowledged only when it is durable, and the next one begins only then. So a damaged record may be the torn
 * end of the last commit, which nobody was told about, and is cut off; unless a record of the commit after that one is
 * found behind it: then something acknowledged is damaged, and opening is refused.
 */
import { Failure, type Logger } from "@parley/base";
import { open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FoundRecord, SegmentHeader } from "./record-format.js";
import { decodeHeader, readRecord } from "./record-format.js";

/** How far behind a damaged record another one is looked for. */
const SEARCH_BYTES_MAX = 80 * 1024 * 1024;

export interface RecoveredSegment {
  readonly segment: number;
  readonly path: string;
  readonly header: SegmentHeader;
  readonly records: readonly FoundRecord[];
  /** Length after cutting a torn end. */
  readonly bytes: number;
}

export function segmentPath(directory: string, segment: number): string {
  return join(directory, `${segment.toString(16).padStart(16, "0")}.seg`);
}

/** Segment numbers in a directory, ascending. */
export async function listSegments(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^[0-9a-f]{16}\.seg$/.test(name))
    .map((name) => Number.parseInt(name, 16))
    .toSorted((one, other) => one - other);
}

/**
 * Reads one segment and checks every record. A segment without a whole header is one that was never used, if it is the
 * last: it is removed and undefined is returned. Errors: "log-corrupt" with file and position.
 */
export async function recoverSegment(
  directory: string,
  segment: number,
  options: { readonly isLast: boolean; readonly logger: Logger },
): Promise<RecoveredSegment | undefined> {
  const path = segmentPath(directory, segment);
  const bytes = await readFile(path);
  const found = decodeHeader(bytes);
  if (found === undefined || found.header.segment !== segment) {
    if (!options.isLast || hasRecordAfter(bytes, 0, 0)) throw corrupt(path, 0);
    options.logger.warn("unused-segment-removed", { path });
    await rm(path);
    return undefined;
  }
  const records: FoundRecord[] = [];
  let at = found.length;
  let { commit } = found.header;
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (record === undefined) {
      // The damaged record belongs to this commit or the one after it; anything later was begun after both were durable.
      if (!options.isLast || hasRecordAfter(bytes, at + 1, commit + 2)) throw corrupt(path, at);
      options.logger.warn("torn-end-cut", { path, position: at, bytes: bytes.length - at });
      await cut(path, at);
      break;
    }
    commit = record.commit;
    records.push(record);
    at = record.end;
  }
  return { segment, path, header: found.header, records, bytes: at };
}

/** Whether an undamaged record of commit `commitMin` or later begins at `from` or behind it. */
function hasRecordAfter(bytes: Buffer, from: number, commitMin: number): boolean {
  const end = Math.min(bytes.length, from + SEARCH_BYTES_MAX);
  for (let at = from; at < end; at++) {
    // The commit number alone rules out nearly every place; the crc is computed for the rest.
    if (at + 12 > bytes.length) return false;
    const commit = bytes.readUInt32LE(at + 8);
    if (commit < commitMin || commit > commitMin + 1_000_000) continue;
    if (readRecord(bytes, at) !== undefined) return true;
  }
  return false;
}

async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

export function corrupt(path: string, position: number): Failure {
  return new Failure(
    "log-corrupt",
    `${path} is damaged at byte ${position}: restore the data directory from a backup; nothing was changed.`,
    { details: { path, position } },
  );
}
