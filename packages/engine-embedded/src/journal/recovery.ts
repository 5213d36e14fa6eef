/**
 * Reading a segment back after a stop of any kind.
 *
 *   ... [ commit 7: record record ] [ commit 8: record · damaged · record ] ... is a record of commit 9 or later behind?
 *                                                                              no:  torn end, commit 8 is cut off
 *                                                                              yes: corruption, opening is refused
 *
 * A commit is acknowledged only when it is durable, and the next one begins only then. So the last commit of the last
 * segment, if damaged, may be one that nobody was told about; it is cut off whole. A record of a later commit proves that
 * the damaged one had been acknowledged, and so does a later segment.
 */
import { Failure } from "@parley/base";
import { join } from "node:path";
import {
  FORMAT_VERSION,
  type FoundRecord,
  RECORD_BYTES_MIN,
  RECORD_PREFIX_BYTES,
  type SegmentHeader,
  commitBits,
  decodeHeader,
  readRecord,
} from "./record-format.js";

/** What is known about a segment before it is read. */
export interface SegmentPlace {
  readonly path: string;
  readonly segment: number;
  /** There is no segment after it: it may have a torn end. */
  readonly isLast: boolean;
}

/** What a segment amounts to. */
export interface ScannedSegment {
  /** The last whole commit. */
  readonly commit: number;
  /** Where that commit begins; the beginning of the file when the segment has none. */
  readonly commitStart: number;
  /** Where it ends. What is behind is a torn end. */
  readonly end: number;
}

export function segmentPath(directory: string, segment: number): string {
  return join(directory, `${segment.toString(16).padStart(16, "0")}.seg`);
}

/** Where a segment is written until its header is durable. */
export function draftPath(directory: string, segment: number): string {
  return `${segmentPath(directory, segment)}.new`;
}

/** The segments and drafts among the names of a directory, ascending. Other names are left alone. */
export function segmentsAmong(names: readonly string[]): {
  readonly segments: readonly number[];
  readonly drafts: readonly number[];
} {
  const numbers = (pattern: RegExp): readonly number[] =>
    names
      .filter((name) => pattern.test(name))
      .map((name) => Number.parseInt(name, 16))
      .toSorted((one, other) => one - other);
  return { segments: numbers(/^[0-9a-f]{16}\.seg$/), drafts: numbers(/^[0-9a-f]{16}\.seg\.new$/) };
}

/**
 * The header of a segment, and where its records begin.
 * Errors: "log-corrupt" with the file, "log-layout-mismatch" when another version wrote it.
 */
export function readHeader(
  bytes: Buffer,
  place: SegmentPlace,
): { readonly header: SegmentHeader; readonly length: number } {
  const found = decodeHeader(bytes);
  // A segment gets its name when its header is durable.
  if (found === undefined) throw corrupt(place.path, 0);
  const { format, segment } = found.header;
  if (format !== FORMAT_VERSION) {
    const message =
      `${place.path} has format ${format}; this version of Parley reads format ${FORMAT_VERSION}. ` +
      "Start with a new data directory, or run the version of Parley that wrote this one.";
    throw new Failure("log-layout-mismatch", message, { retry: "after-change" });
  }
  if (segment !== place.segment) throw corrupt(place.path, 0);
  return found;
}

/**
 * Gives the records behind a header to `take`, one whole commit after the other.
 * Errors: "log-corrupt" with file and position.
 */
export function scanCommits(
  bytes: Buffer,
  place: SegmentPlace,
  after: { readonly commit: number; readonly length: number },
  take: (records: readonly FoundRecord[], commit: number) => void,
): ScannedSegment {
  let { commit, length: end } = after;
  let commitStart = 0;
  let at = end;
  let records: FoundRecord[] = [];
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (record === undefined) break;
    if (record.commitBits !== commitBits(commit + 1)) throw corrupt(place.path, at);
    records.push(record);
    at = record.end;
    if (record.isContinued) continue;
    commit += 1;
    take(records, commit);
    records = [];
    commitStart = end;
    end = at;
  }
  // What is behind the whole commits belongs to the next one, or that is not the last one.
  const isTorn = place.isLast && !hasRecordFrom(bytes, at, commit + 2);
  if (end < bytes.length && !isTorn) throw corrupt(place.path, at);
  return { commit, commitStart, end };
}

/** Whether an undamaged record of commit `commitMin` or later begins at `from` or behind it. */
function hasRecordFrom(bytes: Buffer, from: number, commitMin: number): boolean {
  // A commit has at least one record, so there is no room for later ones than this.
  const commitsMax = Math.floor((bytes.length - from) / RECORD_BYTES_MIN);
  const first = commitBits(commitMin);
  for (let at = from; at + RECORD_BYTES_MIN <= bytes.length; at++) {
    // The commit number alone rules out nearly every place; the crc is computed for the rest.
    const commitsAfter = (bytes.readUInt32LE(at + RECORD_PREFIX_BYTES) - first) >>> 0;
    if (commitsAfter <= commitsMax && readRecord(bytes, at) !== undefined) return true;
  }
  return false;
}

export function corrupt(path: string, position: number): Failure {
  return new Failure(
    "log-corrupt",
    `${path} is damaged at byte ${position}: restore the data directory from a backup; nothing was changed.`,
    { details: { path, position } },
  );
}
