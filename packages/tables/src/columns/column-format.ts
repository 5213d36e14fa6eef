/**
 * How the columns of a row are stored, as the one value of a row of the port.
 *
 *   row      = kind [expiry] count column[count]
 *   kind     = 0x10 + 0x01 if its columns have versions + 0x02 if an expiry follows
 *   expiry   = milliseconds since the Unix epoch; the port's own is not returned to readers, and a change has to keep it
 *   column   = length name length value                       without versions
 *   column   = length name count entry[count]                 with versions
 *   entry    = version 0x00                                   the column was deleted in this version
 *            | version length+1 value
 *
 * All numbers are varints (varint.ts). `expiry` stands only in rows of tables with expiry.
 *
 * Examples, of the columns name = "Ann" and age = 0x2A:
 *
 *   10 02 03 61 67 65 01 2A 04 6E 61 6D 65 03 41 6E 6E
 *   11 02 03 61 67 65 01 07 02 2A 04 6E 61 6D 65 02 09 00 07 04 41 6E 6E      put in version 7, the name deleted in 9
 *
 * Invariants, also held against what is read:
 *   1. There is at least one column. Names are in the order of their UTF-8 bytes, none twice.
 *   2. The versions of a column fall. The last entry of a column has a value: nothing older is there to be hidden.
 *   3. The row ends with its last column.
 */
import { Failure } from "@parley/base";
import { varintLength, VarintReader, writeVarint } from "../blocks/varint.js";
import { compareNames, type NameReader, utf8Length, writeName } from "./column-names.js";
import { COLUMN_NAME_BYTES_MAX, type ColumnVersion, ROW_BYTES_MAX, ROW_COLUMNS_MAX } from "./column-table.js";

const KIND = 0x10;
const HAS_VERSIONS = 0x01;
const HAS_EXPIRY = 0x02;
const VERSIONED = KIND | HAS_VERSIONS;

/** What stands in a row: each column's entries, the newest first, or each column's value. */
export type StoredRow =
  | {
      readonly hasVersions: false;
      readonly columns: ReadonlyMap<string, Uint8Array>;
      readonly expiresAtMs?: number;
    }
  | {
      readonly hasVersions: true;
      readonly columns: ReadonlyMap<string, readonly ColumnVersion[]>;
      readonly expiresAtMs?: number;
    };

/** Whether a stored row's columns have versions. */
export function hasVersions(stored: Uint8Array): boolean {
  return (stored[0]! & ~HAS_EXPIRY) === VERSIONED;
}

/** Encodes a row whose names are well-formed. Errors: "row-too-large". */
export function encodeRow(row: StoredRow): Uint8Array {
  if (row.columns.size > ROW_COLUMNS_MAX) throw tooLarge(`${ROW_COLUMNS_MAX} columns`);
  const names = [...row.columns.keys()].toSorted(compareNames);
  const lengths = names.map((name) => utf8Length(name)!);
  let length = 1 + varintLength(names.length);
  if (row.expiresAtMs !== undefined) length += varintLength(row.expiresAtMs);
  for (const [index, name] of names.entries()) {
    length += varintLength(lengths[index]!) + lengths[index]!;
    if (row.hasVersions) length += entriesLength(row.columns.get(name)!);
    else length += sizedLength(row.columns.get(name)!);
  }
  if (length > ROW_BYTES_MAX) throw tooLarge(`${ROW_BYTES_MAX} bytes`);
  const target = new Uint8Array(length);
  target[0] = KIND | (row.hasVersions ? HAS_VERSIONS : 0) | (row.expiresAtMs === undefined ? 0 : HAS_EXPIRY);
  let at = row.expiresAtMs === undefined ? 1 : writeVarint(target, 1, row.expiresAtMs);
  at = writeVarint(target, at, names.length);
  for (const [index, name] of names.entries()) {
    at = writeVarint(target, at, lengths[index]!);
    writeName(target, at, name, lengths[index]!);
    at += lengths[index]!;
    at = row.hasVersions
      ? writeEntries(target, at, row.columns.get(name)!)
      : writeSized(target, at, row.columns.get(name)!, 0);
  }
  return target;
}

/**
 * The columns of a stored row without versions; those in `wanted` alone when it is given.
 * Errors: "tables-corrupt", as of all here.
 */
export function readColumns(
  stored: Uint8Array,
  names: NameReader,
  wanted?: ReadonlySet<string>,
): Map<string, Uint8Array> {
  const reader = new VarintReader(stored, 1);
  if ((stored[0]! & ~HAS_EXPIRY) !== KIND) throw corrupt();
  if (stored[0] !== KIND) reader.next();
  const count = readCount(reader);
  const columns = new Map<string, Uint8Array>();
  let last = "";
  for (let index = 0; index < count; index++) {
    const name = readName(reader, stored, names, index);
    if (index > 0 && compareNames(last, name) >= 0) throw corrupt();
    last = name;
    const value = readSized(reader, stored, 0);
    if (wanted === undefined || wanted.has(name)) columns.set(name, value);
  }
  if (reader.isBroken || reader.position !== stored.length) throw corrupt();
  return columns;
}

/** The versions of the columns of a stored row that has them; those in `wanted` alone when it is given. */
export function readVersions(
  stored: Uint8Array,
  names: NameReader,
  wanted?: ReadonlySet<string>,
): Map<string, readonly ColumnVersion[]> {
  const reader = new VarintReader(stored, 1);
  if (!hasVersions(stored)) throw corrupt();
  if (stored[0] !== VERSIONED) reader.next();
  const count = readCount(reader);
  const columns = new Map<string, readonly ColumnVersion[]>();
  let last = "";
  for (let index = 0; index < count; index++) {
    const name = readName(reader, stored, names, index);
    if (index > 0 && compareNames(last, name) >= 0) throw corrupt();
    last = name;
    const entries = readEntries(reader, stored);
    if (wanted === undefined || wanted.has(name)) columns.set(name, entries);
  }
  if (reader.isBroken || reader.position !== stored.length) throw corrupt();
  return columns;
}

/** When a stored row ends, as its last change said. */
export function readExpiry(stored: Uint8Array): number | undefined {
  if ((stored[0]! & HAS_EXPIRY) === 0) return undefined;
  const reader = new VarintReader(stored, 1);
  const expiresAtMs = reader.next();
  if (reader.isBroken) throw corrupt();
  return expiresAtMs;
}

/** How many columns a stored row has, for statistics: 1 when it is none that can be read. */
export function countColumns(stored: Uint8Array): number {
  const reader = new VarintReader(stored, 1);
  if (((stored[0] ?? 0) & HAS_EXPIRY) !== 0) reader.next();
  const count = reader.next();
  return reader.isBroken || count < 1 || count > ROW_COLUMNS_MAX ? 1 : count;
}

function readCount(reader: VarintReader): number {
  const count = reader.next();
  if (reader.isBroken || count < 1 || count > ROW_COLUMNS_MAX) throw corrupt();
  return count;
}

function readName(reader: VarintReader, stored: Uint8Array, names: NameReader, place: number): string {
  const length = reader.next();
  const start = reader.position;
  const end = start + length;
  if (reader.isBroken || length < 1 || length > COLUMN_NAME_BYTES_MAX || end > stored.length) throw corrupt();
  const name = names.read(place, stored, start, end);
  if (name === undefined) throw corrupt();
  reader.position = end;
  return name;
}

/** A value, whose length is given `more` too large. */
function readSized(reader: VarintReader, stored: Uint8Array, more: number): Uint8Array {
  const length = reader.next() - more;
  const start = reader.position;
  const end = start + length;
  if (reader.isBroken || end > stored.length) throw corrupt();
  reader.position = end;
  return stored.subarray(start, end);
}

function readEntries(reader: VarintReader, stored: Uint8Array): readonly ColumnVersion[] {
  const count = reader.next();
  // Each takes two bytes at least, so that a broken count asks for no memory.
  if (reader.isBroken || count < 1 || count > stored.length) throw corrupt();
  const entries: ColumnVersion[] = [];
  let newer = Infinity;
  for (let index = 0; index < count; index++) {
    const version = reader.next();
    if (reader.isBroken || version >= newer) throw corrupt();
    newer = version;
    if (stored[reader.position] === 0) {
      reader.position += 1;
      entries.push({ version, value: undefined });
    } else entries.push({ version, value: readSized(reader, stored, 1) });
  }
  if (entries.at(-1)!.value === undefined) throw corrupt();
  return entries;
}

function entriesLength(entries: readonly ColumnVersion[]): number {
  let length = varintLength(entries.length);
  for (const { version, value } of entries) {
    length += varintLength(version);
    length += value === undefined ? 1 : varintLength(value.length + 1) + value.length;
  }
  return length;
}

function writeEntries(target: Uint8Array, position: number, entries: readonly ColumnVersion[]): number {
  let at = writeVarint(target, position, entries.length);
  for (const { version, value } of entries) {
    at = writeVarint(target, at, version);
    at = value === undefined ? writeVarint(target, at, 0) : writeSized(target, at, value, 1);
  }
  return at;
}

function sizedLength(value: Uint8Array): number {
  return varintLength(value.length) + value.length;
}

function writeSized(target: Uint8Array, position: number, value: Uint8Array, more: number): number {
  const at = writeVarint(target, position, value.length + more);
  target.set(value, at);
  return at + value.length;
}

function tooLarge(limit: string): Failure {
  return new Failure("row-too-large", `A row has at most ${limit}. Spread what is in it over several rows.`, {
    retry: "after-change",
  });
}

function corrupt(): Failure {
  return new Failure(
    "tables-corrupt",
    "A row does not hold columns as they are stored. Restore the data directory from a backup.",
  );
}
