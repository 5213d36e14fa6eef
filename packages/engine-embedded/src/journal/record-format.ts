/**
 * The bytes of a segment file. All integers are little-endian; docs/subsystems/journal.md has a worked example.
 *
 *   segment := header record*
 *   header  := "PARLEYJ1" · body length u32 · crc32 of the body u32 · body (JSON, see SegmentHeader)
 *   record  := length u32 · crc32 u32 · commit u32 · log u8 · flags and producer length u8 · partition u16 · offset u48
 *              · seal u24 · [producer · position u48] · payload
 *
 * `length` counts everything after the crc, which covers the same bytes. `commit` numbers the writes to disk, one by one:
 * all records of one commit became durable together, and the next commit began only after that. Only its lower 32 bits
 * are stored (at 3,000 commits a second they come round after 16 days); the header of the segment has all of them. The
 * flag says that the commit goes on with the next record.
 *
 * `seal` is 0 for a payload that is stored as it is, else the number of its seal: see commit-seal.ts.
 */
import { crc32 } from "node:zlib";

export const MAGIC = Buffer.from("PARLEYJ1", "ascii");
export const HEADER_PREFIX_BYTES = MAGIC.length + 8;
/** Length and crc. */
export const RECORD_PREFIX_BYTES = 8;
/** Commit, log, producer length, partition, offset, seal. */
const RECORD_FIXED_BYTES = 4 + 1 + 1 + 2 + 6 + 3;
/** Where a record says its seal. */
const SEAL_START = RECORD_PREFIX_BYTES + 14;
/** The place of a log that no journal has: the record holds the seals of its commit. */
export const SEALS_LOG = 0xff;
/** The smallest record: no producer, no payload. */
export const RECORD_BYTES_MIN = RECORD_PREFIX_BYTES + RECORD_FIXED_BYTES;
const POSITION_BYTES = 6;
/** What a producer's position can be at most: 48 bits. */
export const POSITION_MAX = 2 ** 48 - 1;
/** The lower 7 bits of a byte; the upper one is the flag. */
export const PRODUCER_BYTES_MAX = 64;
const PRODUCER_MASK = 0x7f;
const CONTINUED_FLAG = 0x80;
export const FORMAT_VERSION = 2;

/** The state of every partition when the segment began. */
export interface SegmentHeader {
  readonly format: number;
  readonly segment: number;
  /** The commit before the first one of this segment. */
  readonly commit: number;
  readonly logs: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly next: number;
      readonly first: number;
      /** The last position of each producer. */
      readonly producers: Readonly<Record<string, number>>;
    }[];
  }[];
}

interface RecordFields {
  readonly logIndex: number;
  readonly partition: number;
  readonly offset: number;
  readonly producer: string;
  readonly position: number;
}

/** A record found in a buffer. */
export interface FoundRecord extends RecordFields {
  /** The lower 32 bits of the commit number. */
  readonly commitBits: number;
  /** The number of its seal, from 1; 0 for none. */
  readonly seal: number;
  /** More records of the same commit follow. */
  readonly isContinued: boolean;
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const body = Buffer.from(JSON.stringify(header), "utf8");
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(body.length, 0);
  prefix.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([MAGIC, prefix, body]);
}

/** The header and its length in bytes, or undefined when it is incomplete or damaged. */
export function decodeHeader(
  bytes: Buffer,
): { readonly header: SegmentHeader; readonly length: number } | undefined {
  if (bytes.length < HEADER_PREFIX_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = bytes.readUInt32LE(MAGIC.length);
  const body = bytes.subarray(HEADER_PREFIX_BYTES, HEADER_PREFIX_BYTES + length);
  if (body.length !== length || crc32(body) !== bytes.readUInt32LE(MAGIC.length + 4)) return undefined;
  const header = parseHeader(body.toString("utf8"));
  return header === undefined ? undefined : { header, length: HEADER_PREFIX_BYTES + length };
}

/** The crc may be right all the same: zeros are the crc of nothing, and a record begins with its length and crc as well. */
function parseHeader(text: string): SegmentHeader | undefined {
  try {
    const header = JSON.parse(text) as Partial<SegmentHeader> | null;
    return typeof header?.format === "number" ? (header as SegmentHeader) : undefined;
  } catch {
    // Not JSON: another thing than a header.
    return undefined;
  }
}

/** The bytes that a record takes. */
export function recordBytes(producer: string, payloadBytes: number): number {
  const source = producer === "" ? 0 : producer.length + POSITION_BYTES;
  return RECORD_PREFIX_BYTES + RECORD_FIXED_BYTES + source + payloadBytes;
}

/** Writes a record at `start`; `markRecord` and `closeRecord` follow when the commit is known. Returns where it ends. */
export function writeRecord(
  target: Buffer,
  start: number,
  fields: RecordFields,
  payload: Uint8Array,
): number {
  const end = start + recordBytes(fields.producer, payload.length);
  target.writeUInt32LE(end - start - RECORD_PREFIX_BYTES, start);
  let at = start + RECORD_PREFIX_BYTES + 4;
  target[at] = fields.logIndex;
  target[at + 1] = fields.producer.length;
  target.writeUInt16LE(fields.partition, at + 2);
  target.writeUIntLE(fields.offset, at + 4, 6);
  target.writeUIntLE(0, at + 10, 3);
  at += 13;
  if (fields.producer !== "") {
    at += target.write(fields.producer, at, "ascii");
    target.writeUIntLE(fields.position, at, POSITION_BYTES);
    at += POSITION_BYTES;
  }
  target.set(payload, at);
  return end;
}

/** What is known of a record when its commit is. */
export interface RecordMark {
  readonly commit: number;
  /** More records of the commit follow. */
  readonly isContinued: boolean;
  readonly seal: number;
}

/** Puts into a written record what is known with its commit; the crc follows with `closeRecord`. */
export function markRecord(target: Buffer, start: number, { commit, isContinued, seal }: RecordMark): void {
  const from = start + RECORD_PREFIX_BYTES;
  target.writeUInt32LE(commitBits(commit), from);
  if (isContinued) target[from + 5]! |= CONTINUED_FLAG;
  target.writeUIntLE(seal, start + SEAL_START, 3);
}

/** Puts the crc into a record in which everything else is. */
export function closeRecord(target: Buffer, at: { readonly start: number; readonly end: number }): void {
  target.writeUInt32LE(crc32(target.subarray(at.start + RECORD_PREFIX_BYTES, at.end)), at.start + 4);
}

/** Puts the commit and the crc into a written record whose payload is stored as it is. */
export function finishRecord(
  target: Buffer,
  at: { readonly start: number; readonly end: number },
  commit: number,
  isContinued: boolean,
): void {
  markRecord(target, at.start, { commit, isContinued, seal: 0 });
  closeRecord(target, at);
}

/** What a record says of its commit's number. */
export function commitBits(commit: number): number {
  return commit % 2 ** 32;
}

/** The record at `start`, or undefined when there is no whole and undamaged one. */
export function readRecord(bytes: Buffer, start: number): FoundRecord | undefined {
  if (start + RECORD_BYTES_MIN > bytes.length) return undefined;
  const length = bytes.readUInt32LE(start);
  const end = start + RECORD_PREFIX_BYTES + length;
  if (length < RECORD_FIXED_BYTES || end > bytes.length) return undefined;
  const at = start + RECORD_PREFIX_BYTES;
  if (crc32(bytes.subarray(at, end)) !== bytes.readUInt32LE(start + 4)) return undefined;
  const producerLength = bytes[at + 5]! & PRODUCER_MASK;
  const sourceStart = at + RECORD_FIXED_BYTES;
  const hasSource = producerLength > 0;
  const payloadStart = hasSource ? sourceStart + producerLength + POSITION_BYTES : sourceStart;
  if (payloadStart > end) return undefined;
  return {
    commitBits: bytes.readUInt32LE(at),
    isContinued: (bytes[at + 5]! & CONTINUED_FLAG) !== 0,
    logIndex: bytes[at + 4]!,
    partition: bytes.readUInt16LE(at + 6),
    offset: bytes.readUIntLE(at + 8, 6),
    seal: bytes.readUIntLE(at + 14, 3),
    producer: hasSource ? bytes.toString("ascii", sourceStart, sourceStart + producerLength) : "",
    position: hasSource ? bytes.readUIntLE(sourceStart + producerLength, POSITION_BYTES) : 0,
    start,
    payloadStart,
    end,
  };
}
