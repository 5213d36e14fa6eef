/**
 * What the key store holds, and its bytes: lines of text, so that an operator can look at it. No key is in it unwrapped.
 *
 *   line   := crc32 of the JSON, 8 hexadecimal digits · space · JSON · newline
 *   store  := StoreHead · (TenantRecord | DataKeyRecord | DestroyedRecord)*
 *
 * The head counts the lines behind it, so that a store which is cut off at a line is noticed too.
 */
import { crc32 } from "node:zlib";
import { corruptStore } from "./errors.js";

const FORMAT = 1;
const CRC_DIGITS = 8;

/** A tenant's own key, which wraps its data keys and its tree. */
export interface TenantRecord {
  readonly tenant: string;
  /** Counts the rotations from 1. */
  readonly version: number;
  readonly createdMs: number;
  /** Wrapped by the master key. */
  readonly key: string;
  /** A ConversationTree, wrapped by the tenant's key. */
  readonly tree: string;
  /**
   * Conversations that were destroyed: each time the number of the next data key. What was sealed under an older one is
   * gone, what is sealed under a later one belongs to a conversation of that name that was begun since.
   */
  readonly shredded: Readonly<Record<string, readonly number[]>>;
}

export interface DataKeyRecord {
  readonly dataKey: number;
  readonly tenant: string;
  /** When it was made, such as "2026-11". */
  readonly month: string;
  /** The opening of the store that seals with it. */
  readonly epoch: number;
  /** Wrapped by the tenant's key. */
  readonly key: string;
}

/** A tenant whose keys were destroyed. Its name may be used again, with new keys. */
export interface DestroyedRecord {
  readonly destroyed: string;
  readonly atMs: number;
  /** Its data keys. */
  readonly keyIds: readonly number[];
}

export interface StoreState {
  /** The last opening that has sealed. */
  readonly epoch: number;
  /** The number of the next data key; none is given twice. */
  readonly nextKey: number;
  /** Known bytes wrapped by the master key: tells whether it is the right one. */
  readonly check: string;
  readonly tenants: ReadonlyMap<string, TenantRecord>;
  readonly dataKeys: ReadonlyMap<number, DataKeyRecord>;
  readonly destroyed: readonly DestroyedRecord[];
}

interface StoreHead {
  readonly keyStore: number;
  readonly epoch: number;
  readonly nextKey: number;
  readonly check: string;
  readonly lines: number;
}

export function encodeStore(state: StoreState): Buffer {
  const { epoch, nextKey, check } = state;
  const records = [...state.tenants.values(), ...state.dataKeys.values(), ...state.destroyed];
  const head: StoreHead = { keyStore: FORMAT, epoch, nextKey, check, lines: records.length };
  return Buffer.from([head, ...records].map(lineOf).join(""), "utf8");
}

/** Errors: "keys-corrupt" with the file and the place. */
export function decodeStore(bytes: Buffer, path: string): StoreState {
  const lines = readLines(bytes, path);
  const head = lines[0]?.value;
  if (head === undefined || !isHead(head)) throw corruptStore(path, 0, `it has no head of format ${FORMAT}`);
  const { epoch, nextKey, check, lines: lineCount } = head;
  if (lines.length - 1 !== lineCount) {
    throw corruptStore(path, bytes.length, `it has ${lines.length - 1} records instead of ${lineCount}`);
  }
  const tenants = new Map<string, TenantRecord>();
  const dataKeys = new Map<number, DataKeyRecord>();
  const destroyed: DestroyedRecord[] = [];
  for (const { value, offset } of lines.slice(1)) {
    if ("dataKey" in value) dataKeys.set((value as DataKeyRecord).dataKey, value as DataKeyRecord);
    else if ("destroyed" in value) destroyed.push(value as DestroyedRecord);
    else if ("tenant" in value) tenants.set((value as TenantRecord).tenant, value as TenantRecord);
    else throw corruptStore(path, offset, "the record is of no known kind");
  }
  return { epoch, nextKey, check, tenants, dataKeys, destroyed };
}

function isHead(value: object): value is StoreHead {
  return (value as Partial<StoreHead>).keyStore === FORMAT;
}

function lineOf(value: object): string {
  const json = JSON.stringify(value);
  return `${checksumOf(json)} ${json}\n`;
}

function readLines(
  bytes: Buffer,
  path: string,
): readonly { readonly value: object; readonly offset: number }[] {
  const lines: { value: object; offset: number }[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const end = bytes.indexOf("\n", offset);
    if (end < 0) throw corruptStore(path, offset, "its last line is cut off");
    const json = bytes.toString("utf8", offset + CRC_DIGITS + 1, end);
    const isSound = bytes.toString("latin1", offset, offset + CRC_DIGITS + 1) === `${checksumOf(json)} `;
    if (!isSound) throw corruptStore(path, offset, "the checksum does not fit");
    lines.push({ value: parse(json, path, offset), offset });
    offset = end + 1;
  }
  return lines;
}

function parse(json: string, path: string, offset: number): object {
  try {
    const value = JSON.parse(json) as unknown;
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw corruptStore(path, offset, "the line is not an object");
}

function checksumOf(json: string): string {
  return crc32(Buffer.from(json, "utf8")).toString(16).padStart(CRC_DIGITS, "0");
}
