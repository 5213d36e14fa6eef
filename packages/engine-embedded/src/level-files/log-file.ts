/**
 * A log file of LevelDB: its write-ahead log, and its manifest. Records lie in blocks of 32 KB, cut into fragments that
 * do not cross from one block into the next:
 *
 *   fragment = masked CRC-32C of type and content: 4 bytes · length: 2 bytes · type: 1 byte · content
 *   type     = 1 whole record · 2 first, 3 middle, 4 last fragment of one
 *
 * Fewer than 7 bytes at the end of a block are zeros.
 *
 * LevelDB leaves out what it cannot read of its write-ahead log, without a word, and goes on behind it. We write every
 * record with a sync before the next one is begun. So what is damaged with the beginning of a later record behind it was
 * acknowledged, and everything else is the torn end of a record that nobody was told of.
 * Source: doc/log_format.md of google/leveldb.
 */
import { maskedCrc32c } from "./crc32c.js";

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const WHOLE = 1;
const FIRST = 2;
const LAST = 4;

export interface LogContent {
  /** The records up to the first damage. */
  readonly records: readonly Uint8Array[];
  /** Where the record begins that is damaged or torn; undefined when there is none. */
  readonly brokenAt: number | undefined;
  /** Whether a record begins behind it: then it was not torn. */
  readonly isFollowed: boolean;
}

interface Fragment {
  readonly type: number;
  readonly content: Uint8Array;
  readonly end: number;
}

export function readLogFile(file: Uint8Array): LogContent {
  const records: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  while ((at = skipTrailer(file, at)) < file.length) {
    const fragment = findFragment(file, at);
    const isBeginning = fragment?.type === WHOLE || fragment?.type === FIRST;
    if (isBeginning && parts.length === 0) start = at;
    if (fragment === undefined || isBeginning !== (parts.length === 0))
      return { records, brokenAt: parts.length === 0 ? at : start, isFollowed: beginsBehind(file, at) };
    parts.push(fragment.content);
    if (fragment.type === WHOLE || fragment.type === LAST) {
      records.push(Buffer.concat(parts));
      parts = [];
    }
    at = fragment.end;
  }
  return { records, brokenAt: parts.length === 0 ? undefined : start, isFollowed: false };
}

/** Where the next fragment may begin. */
function skipTrailer(file: Uint8Array, at: number): number {
  const left = BLOCK_BYTES - (at % BLOCK_BYTES);
  const isTrailer = left < HEADER_BYTES && file.subarray(at, at + left).every((byte) => byte === 0);
  return isTrailer ? at + left : at;
}

function findFragment(file: Uint8Array, at: number): Fragment | undefined {
  const blockEnd = Math.min(file.length, at - (at % BLOCK_BYTES) + BLOCK_BYTES);
  if (at + HEADER_BYTES > blockEnd) return undefined;
  const view = new DataView(file.buffer, file.byteOffset);
  const end = at + HEADER_BYTES + view.getUint16(at + 4, true);
  const type = file[at + 6]!;
  if (end > blockEnd || type < WHOLE || type > LAST) return undefined;
  if (view.getUint32(at, true) !== maskedCrc32c(file, at + 6, end)) return undefined;
  return { type, content: file.subarray(at + HEADER_BYTES, end), end };
}

/** Whether a record begins at `from` or behind it: at any byte, where lengths cannot be trusted. */
function beginsBehind(file: Uint8Array, from: number): boolean {
  let at = from;
  while (at < file.length) {
    const fragment = findFragment(file, at);
    if (fragment?.type === WHOLE || fragment?.type === FIRST) return true;
    at = fragment?.end ?? at + 1;
  }
  return false;
}
