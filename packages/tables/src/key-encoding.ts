/**
 * The order-preserving encoding of keys. Comparing two encoded keys byte by byte gives the order the port promises.
 *
 *   key        = table partition sort
 *   table      = name 0x00                      a kebab-case name, so no zero byte inside
 *   partition  = part* 0x01                     0x01 is below every tag, so a shorter tuple comes first
 *   sort       = part*                          ends with the key
 *   part       = string | integer
 *   string     = 0x02 utf8 0x00                 a zero byte within is written as 0x00 0xFF; UTF-8 has no 0xFF
 *   integer    = (0x10 + n) byte[n]             n = 0 to 7 bytes, big endian, without leading zero bytes
 *
 * Examples:
 *
 *   ["a"]           02 61 00
 *   ["a", "b"]      02 61 00 02 62 00           after ["a"], because ["a"] is its beginning
 *   ["a\0"]         02 61 00 FF 00              after ["a", anything]: 0xFF is above every tag
 *   [0] [1] [256]   10 / 11 01 / 12 01 00       a longer number has a larger tag
 *   messages, partition ["c1"], sort [7]        6D 65 73 73 61 67 65 73 00 02 63 31 00 01 11 07
 *
 * Invariants:
 *   1. The order of the bytes is the order of the tuples.
 *   2. No encoded partition begins another: each ends with 0x01, and where a longer tuple goes on there is a tag or 0xFF.
 *   3. The encoding of a tuple begins the encoding of every tuple that continues it, so bounds may be beginnings.
 *   4. Decoding accepts exactly what encoding produces.
 *
 * Encoded keys are JavaScript strings with one character per byte ("binary strings"): they are map keys as they stand,
 * `<` compares them as bytes, and an engine turns them into bytes with one latin1 copy.
 */

import { assert } from "@parley/base";
import { RANGE_LIMIT_MAX } from "./range-limit.js";
import type { Key, KeyPart, RowKey, TableScan, TableSpec } from "./tables.js";

const NAME_END = "\u0000";
const PARTITION_END = "\u0001";
const STRING_TAG = "\u0002";
const STRING_END = "\u0000";
const INTEGER_TAG = 0x10;
const INTEGER_BYTES_MAX = 7;
const ESCAPED_ZERO = "\u0000\u00ff";
const ESCAPE_MARK = 0xff;

const STRING_TAG_CODE = 0x02;
// Plain text, ASCII without zero bytes, is its own encoding.
// oxlint-disable-next-line no-control-regex -- the control characters are the point
const NOT_PLAIN = /[^\u0001-\u007f]/;
const TABLE_NAME = /^[a-z][a-z0-9-]*$/;

/** An encoded key or a piece of one: one character, 0 to 255, per byte. */
export type EncodedKey = string & { readonly isEncodedKey: true };

/** Above every sort key that can follow an encoded partition. */
export const SORT_KEYS_END = "\u00ff" as EncodedKey;

/** Encodes the part that all rows of one table and partition share; `encodeTuple` of the sort key follows it. */
export function encodePartition(table: TableSpec, partition: Key): EncodedKey {
  assert(TABLE_NAME.test(table.name), "a table's name is kebab-case");
  return `${table.name}${NAME_END}${encodeTuple(partition)}${PARTITION_END}` as EncodedKey;
}

/** Holds every key of a table: from the first, inclusive, to the last, exclusive. */
export function tableBounds(table: TableSpec): { readonly from: EncodedKey; readonly before: EncodedKey } {
  assert(TABLE_NAME.test(table.name), "a table's name is kebab-case");
  return {
    from: `${table.name}${NAME_END}` as EncodedKey,
    before: `${table.name}${PARTITION_END}` as EncodedKey,
  };
}

/** Encodes a tuple. Errors: asserts that numbers are non-negative safe integers and strings are well-formed Unicode. */
export function encodeTuple(key: Key): EncodedKey {
  let bytes = "";
  for (const part of key) bytes += typeof part === "string" ? encodeString(part) : encodeInteger(part);
  return bytes as EncodedKey;
}

/** The least tuple after `key`: a range continues `from` here. No part sorts before the empty string. */
export function successor(key: Key): Key {
  return [...key, ""];
}

/** Above every key of one encoded partition, below every other partition that follows it. */
export function partitionEnd(partition: EncodedKey): EncodedKey {
  return (partition + SORT_KEYS_END) as EncodedKey;
}

/** Takes a whole key apart; undefined for anything that is no key of the table. */
export function decodeRowKey(table: TableSpec, bytes: string): RowKey | undefined {
  const start = table.name.length + NAME_END.length;
  if (!bytes.startsWith(table.name + NAME_END)) return undefined;
  let position = start;
  while (bytes[position] !== PARTITION_END) {
    const end =
      bytes.charCodeAt(position) === STRING_TAG_CODE
        ? endOfString(bytes, position + 1)
        : endOfInteger(bytes, position);
    if (end === undefined) return undefined;
    position = end;
  }
  const partition = decodeTuple(bytes.slice(start, position));
  const sort = decodeTuple(bytes, position + PARTITION_END.length);
  return partition === undefined || sort === undefined ? undefined : { partition, sort };
}

/** The keys of a walk over a table: from, inclusive, to before, exclusive. Errors: asserts that the limit is allowed. */
export function scanBounds({ table, after, limit }: TableScan): {
  readonly from: EncodedKey;
  readonly before: EncodedKey;
} {
  assert(
    Number.isSafeInteger(limit) && limit >= 1 && limit <= RANGE_LIMIT_MAX,
    `a scan's limit is 1 to ${RANGE_LIMIT_MAX}`,
  );
  const bounds = tableBounds(table);
  if (after === undefined) return bounds;
  const partition = encodePartition(table, after.partition);
  if (after.sort === undefined) return { ...bounds, from: partitionEnd(partition) };
  return { ...bounds, from: (partition + encodeTuple(successor(after.sort))) as EncodedKey };
}

/** Decodes a tuple that begins at `start` and ends with the text; undefined for anything `encodeTuple` never produces. */
export function decodeTuple(bytes: string, start = 0): Key | undefined {
  const parts: KeyPart[] = [];
  let position = start;
  while (position < bytes.length) {
    const tag = bytes.charCodeAt(position);
    const end = tag === STRING_TAG_CODE ? endOfString(bytes, position + 1) : endOfInteger(bytes, position);
    if (end === undefined) return undefined;
    const part =
      tag === STRING_TAG_CODE ? decodeString(bytes, position, end) : decodeInteger(bytes, position + 1, end);
    if (part === undefined) return undefined;
    parts.push(part);
    position = end;
  }
  return parts;
}

function encodeString(text: string): string {
  if (!NOT_PLAIN.test(text)) return STRING_TAG + text + STRING_END;
  let bytes = STRING_TAG;
  for (const character of text) bytes += encodeCodePoint(character.codePointAt(0) ?? 0);
  return bytes + STRING_END;
}

function encodeCodePoint(point: number): string {
  if (point === 0) return ESCAPED_ZERO;
  if (point < 0x80) return String.fromCharCode(point);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), continuation(point));
  assert(point < 0xd800 || point > 0xdfff, "a key holds no lone surrogate");
  if (point < 0x10000) {
    return String.fromCharCode(0xe0 | (point >> 12), continuation(point >> 6), continuation(point));
  }
  return String.fromCharCode(
    0xf0 | (point >> 18),
    continuation(point >> 12),
    continuation(point >> 6),
    continuation(point),
  );
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

function encodeInteger(value: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, "a number in a key is a non-negative safe integer");
  if (value === 0) return String.fromCharCode(INTEGER_TAG);
  if (value < 0x100) return String.fromCharCode(INTEGER_TAG + 1, value);
  let bytes = "";
  let rest = value;
  while (rest > 0) {
    bytes = String.fromCharCode(rest % 0x100) + bytes;
    rest = Math.floor(rest / 0x100);
  }
  return String.fromCharCode(INTEGER_TAG + bytes.length) + bytes;
}

// The position after the terminator: a zero byte that no escape mark follows.
function endOfString(bytes: string, start: number): number | undefined {
  let zero = bytes.indexOf(STRING_END, start);
  while (zero >= 0 && bytes.charCodeAt(zero + 1) === ESCAPE_MARK) zero = bytes.indexOf(STRING_END, zero + 2);
  return zero < 0 ? undefined : zero + 1;
}

function endOfInteger(bytes: string, tagPosition: number): number | undefined {
  const length = bytes.charCodeAt(tagPosition) - INTEGER_TAG;
  if (length < 0 || length > INTEGER_BYTES_MAX) return undefined;
  const end = tagPosition + 1 + length;
  return end <= bytes.length ? end : undefined;
}

function decodeString(bytes: string, start: number, end: number): string | undefined {
  const content = bytes.slice(start + 1, end - 1);
  if (!NOT_PLAIN.test(content)) return content;
  const text = decodeUtf8(content.replaceAll(ESCAPED_ZERO, STRING_END));
  // Overlong forms, surrogates and stray bytes all decode to something that encodes differently.
  return text !== undefined && encodeString(text) === bytes.slice(start, end) ? text : undefined;
}

// Lenient: the caller compares with the encoding of the result. It only has to give no invalid code point.
function decodeUtf8(bytes: string): string | undefined {
  let text = "";
  for (let position = 0; position < bytes.length;) {
    const lead = bytes.charCodeAt(position);
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let point = length === 1 ? lead : lead & (0x7f >> length);
    for (let index = 1; index < length; index++)
      point = (point << 6) | (bytes.charCodeAt(position + index) & 0x3f);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    text += String.fromCodePoint(point);
    position += length;
  }
  return text;
}

function decodeInteger(bytes: string, start: number, end: number): number | undefined {
  let value = 0;
  for (let position = start; position < end; position++) value = value * 0x100 + bytes.charCodeAt(position);
  const hasLeadingZero = end > start && bytes.charCodeAt(start) === 0;
  return hasLeadingZero || !Number.isSafeInteger(value) ? undefined : value;
}
