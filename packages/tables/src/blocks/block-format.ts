/**
 * A run of rows of one partition, stored as one value. Their keys are single numbers, ascending. In the cold tier the value is
 * elsewhere, and a pointer stands in its place: see ../cold/cold-pointer.ts.
 *
 *   block    := format u8 = 1 · codec u8 · flags u8 · count · first · span · length · body
 *   body     := number[count] · (expiry[count] when flag 1 is set) · size[count] · value[count]
 *   number   := what the row's number adds to the one before; to `first` for the first row, so 0
 *   expiry   := 0 for never, else 1 + milliseconds since the earliest expiry, which stands before them
 *
 * All integers are LEB128 varints. `span` is last − first, `length` that of the body, which is stored as it is (codec 0) or
 * as a Brotli stream (codec 1). Brotli, because every supported Node has it; at quality 2 a row of 165 bytes costs 1.1 µs and
 * 41% of its size, at quality 5 3.5 µs and 38% (chat logs, 128 rows a block, November 2026).
 *
 * Example, rows 7 "a" and 9 "bc", stored: 01 00 00 02 07 02 07 | 00 02 | 01 02 | 61 | 62 63
 */
import { brotliCompressSync, brotliDecompressSync, type BrotliOptions, constants, crc32 } from "node:zlib";
import { Failure } from "@parley/base";
import { Block, type PackedRow } from "./block.js";
import { VarintReader, varintLength, writeVarint } from "./varint.js";

const FORMAT = 1;
const STORED = 0;
const BROTLI = 1;
const HAS_EXPIRY = 1;
const FIXED_BYTES = 3;
const WINDOW_BITS = 18;
/** What a body may claim to be: damaged blocks must not fill the memory. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** How hard a block is compressed: fast while traffic waits, dense in the background. */
export type Density = "fast" | "dense";
const QUALITY: Readonly<Record<Density, number>> = { fast: 2, dense: 5 };

/** Compresses a body, in another thread or in its own time. */
export type Compress = (body: Uint8Array) => Promise<Uint8Array>;

/** Makes a block of at least one row. Their numbers ascend. */
export function encodeBlock(rows: readonly PackedRow[], density: Density = "fast"): Uint8Array {
  const body = encodeBody(rows);
  return assemble(rows, body, brotliCompressSync(body, brotliOptions(body, QUALITY[density], WINDOW_BITS)));
}

/** As `encodeBlock`, compressed by the caller: for what takes longer than others can wait. */
export async function encodeBlockWith(rows: readonly PackedRow[], compress: Compress): Promise<Uint8Array> {
  const body = encodeBody(rows);
  return assemble(rows, body, await compress(body));
}

export function brotliOptions(body: Uint8Array, quality: number, windowBits: number): BrotliOptions {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: windowBits,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    },
  };
}

function assemble(rows: readonly PackedRow[], plain: Uint8Array, packed: Uint8Array): Uint8Array {
  const first = rows[0]!.number;
  const span = rows.at(-1)!.number - first;
  const isSmaller = packed.length < plain.length;
  const body = isSmaller ? packed : plain;
  const head = [rows.length, first, span, plain.length];
  const block = new Uint8Array(
    FIXED_BYTES + head.reduce((sum, value) => sum + varintLength(value), body.length),
  );
  block[0] = FORMAT;
  block[1] = isSmaller ? BROTLI : STORED;
  block[2] = hasExpiries(rows) ? HAS_EXPIRY : 0;
  let at = FIXED_BYTES;
  for (const value of head) at = writeVarint(block, at, value);
  block.set(body, at);
  return block;
}

/**
 * Reads the head of a block; the rows are unpacked when they are asked for. `checksum` is that of the bytes.
 * Errors: "tables-corrupt".
 */
export function decodeBlock(bytes: Uint8Array, checksum: number = crc32(bytes)): Block {
  if (bytes[0] !== FORMAT) throw damaged(`A block has format ${bytes[0]} instead of ${FORMAT}.`);
  const codec = bytes[1]!;
  const hasExpiry = ((bytes[2] ?? 0) & HAS_EXPIRY) !== 0;
  const head = new VarintReader(bytes, FIXED_BYTES);
  const [count, first, span, length] = [head.next(), head.next(), head.next(), head.next()];
  const isSound =
    count > 0 && count <= length && length <= BODY_BYTES_MAX && Number.isSafeInteger(first + span);
  if (head.isBroken || !isSound) throw damaged("The head of a block is damaged.");
  const last = first + span;
  return new Block({ first, last, count, bytes: length, checksum }, () => {
    const body = unpack(codec, bytes.subarray(head.position), length);
    const rows = decodeBody(body, { count, first, hasExpiry });
    if (rows.at(-1)!.number !== last) throw damaged("A block does not end where it says.");
    return rows;
  });
}

function hasExpiries(rows: readonly PackedRow[]): boolean {
  return rows.some(({ expiresAtMs }) => expiresAtMs !== undefined);
}

function encodeBody(rows: readonly PackedRow[]): Uint8Array {
  const hasExpiry = hasExpiries(rows);
  const expiries = rows.flatMap(({ expiresAtMs }) => (expiresAtMs === undefined ? [] : [expiresAtMs]));
  // Not Math.min(...): an argument list has a limit.
  const earliest = expiries.reduce((least, each) => Math.min(least, each), Infinity);
  const columns: number[] = [];
  let before = rows[0]!.number;
  for (const { number } of rows) {
    columns.push(number - before);
    before = number;
  }
  if (hasExpiry) {
    columns.push(earliest);
    for (const { expiresAtMs } of rows)
      columns.push(expiresAtMs === undefined ? 0 : 1 + expiresAtMs - earliest);
  }
  let valueBytes = 0;
  for (const { value } of rows) {
    columns.push(value.length);
    valueBytes += value.length;
  }
  const columnBytes = columns.reduce((sum, value) => sum + varintLength(value), 0);
  const body = new Uint8Array(columnBytes + valueBytes);
  let at = 0;
  for (const value of columns) at = writeVarint(body, at, value);
  for (const { value } of rows) {
    body.set(value, at);
    at += value.length;
  }
  return body;
}

function unpack(codec: number, stored: Uint8Array, length: number): Uint8Array {
  const body = codec === BROTLI ? inflate(stored, length) : stored;
  if (codec > BROTLI || body.length !== length) throw damaged("The body of a block is damaged.");
  return body;
}

function inflate(stored: Uint8Array, length: number): Uint8Array {
  try {
    const body = brotliDecompressSync(stored, { maxOutputLength: length });
    return new Uint8Array(body.buffer, body.byteOffset, body.length);
  } catch (cause) {
    throw damaged("The body of a block cannot be unpacked.", cause);
  }
}

function decodeBody(
  body: Uint8Array,
  {
    count,
    first,
    hasExpiry,
  }: { readonly count: number; readonly first: number; readonly hasExpiry: boolean },
): readonly PackedRow[] {
  const reader = new VarintReader(body, 0);
  let number = first;
  const numbers = Array.from({ length: count }, () => (number += reader.next()));
  const earliest = hasExpiry ? reader.next() : 0;
  const expiries = hasExpiry ? Array.from({ length: count }, () => reader.next()) : undefined;
  const sizes = Array.from({ length: count }, () => reader.next());
  const end = reader.position + sizes.reduce((sum, size) => sum + size, 0);
  if (reader.isBroken || end !== body.length) throw damaged("The columns of a block are damaged.");
  let at = reader.position;
  return sizes.map((size, index) => {
    const value = body.subarray(at, (at += size));
    const expiry = expiries?.[index] ?? 0;
    return {
      number: numbers[index]!,
      value,
      ...(expiry === 0 ? {} : { expiresAtMs: earliest + expiry - 1 }),
    };
  });
}

export function damaged(what: string, cause?: unknown): Failure {
  return new Failure("tables-corrupt", `${what} Restore the data directory from a backup.`, { cause });
}
