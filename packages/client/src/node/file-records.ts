/** The records of a store's file: how they are written, and how they are told from damage. */
import { Buffer } from "node:buffer";
import type { Change } from "../common/store.js";
import { crc32 } from "./crc32.js";

const HEADER_BYTES = 8;
/** The one field of what JSON has for bytes, which are in it in base64. */
const BYTES = "$bytes";
/** 2: the first record names the format. The changes themselves are those of format 1, and more kinds of them. */
export const FORMAT = 2;
/** A length beyond it is damage, not a record … */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;
/** … and one below it too: no changes are "[]". A file system that lost its power may end a file with zeros. */
const RECORD_BYTES_MIN = 2;

/** A record of changes, or the one that names the format. */
export function encodeRecord(content: readonly Change[] | { readonly format: number }): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify(content, (_, value: unknown) => {
      if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value).toString("base64") };
      return value === undefined ? null : value;
    }),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

/** The first record of a file. */
export const FORMAT_RECORD = encodeRecord({ format: FORMAT });

export interface StoredRecord {
  readonly changes: readonly Change[];
  /** Of the record that names it. */
  readonly format: number | undefined;
  readonly end: number;
}

/** The whole records from the start of a file. */
export function* recordsOf(content: Buffer): Generator<StoredRecord> {
  let start = 0;
  for (let record = recordAt(content, start); record !== undefined; record = recordAt(content, start)) {
    yield record;
    start = record.end;
  }
}

/** The whole record that begins at a place, if one does. */
export function recordAt(content: Buffer, start: number): StoredRecord | undefined {
  if (content.length - start < HEADER_BYTES) return undefined;
  const length = content.readUInt32LE(start);
  const end = start + HEADER_BYTES + length;
  if (length < RECORD_BYTES_MIN || length > RECORD_BYTES_MAX || end > content.length) return undefined;
  const payload = content.subarray(start + HEADER_BYTES, end);
  // Told first by its brackets: who looks for records in damage would sum up the rest of the file at every place.
  if (!isEnclosed(payload) || crc32(payload) !== content.readUInt32LE(start + 4)) return undefined;
  const parsed = withUndefined(JSON.parse(payload.toString("utf8"))) as
    | readonly Change[]
    | { readonly format: number };
  return "format" in parsed
    ? { changes: [], format: parsed.format, end }
    : { changes: parsed, format: undefined, end };
}

function isEnclosed(payload: Buffer): boolean {
  const [first, last] = [payload[0], payload.at(-1)];
  return (first === 0x5b && last === 0x5d) || (first === 0x7b && last === 0x7d);
}

/** Puts undefined back where JSON can only say null, and bytes: no change holds a null of its own. */
function withUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUndefined);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  if (BYTES in value) return new Uint8Array(Buffer.from(String(value[BYTES]), "base64"));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withUndefined(field)]));
}
