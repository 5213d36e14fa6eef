import type { Clock } from "@parley/base";

import type { Batch, Key, RangeQuery, Row, Tables, Write } from "../tables.js";
import type { ManualClock } from "./manual-time.js";
import { NOTES } from "./table-model.js";

/** Storage of one test, and tables open over it. */
export interface TableFixture {
  readonly tables: Tables;
  /** Closes the tables and opens them again over the same storage. */
  reopen(): Promise<Tables>;
  /** Opens the tables as they are found after the process was killed, at this moment, without a close. */
  crash(): Promise<Tables>;
  /** Closes everything and removes the storage. */
  remove(): Promise<void>;
}

/** Opens fresh storage whose tables read this clock. */
export type OpenTableFixture = (clock: Clock) => Promise<TableFixture>;

/** What a check works with. */
export interface Bench {
  readonly fixture: TableFixture;
  readonly tables: Tables;
  readonly clock: ManualClock;
}

/** The options of a durable write. */
export const DURABLE = { isDurable: true };
/** The partition of most checks. */
export const P: Key = ["p"];

/** Declares one check of the suite, on fresh storage. */
export type Check = (title: string, body: (bench: Bench) => Promise<void>) => void;

/** A batch to one partition. */
export function batch(partition: Key, ...writes: Write[]): Batch {
  return { partition, writes };
}

/** A put to the notes. */
export function put(sort: Key, value: string): Write {
  return { kind: "put", table: NOTES, sort, value: bytes(value) };
}

/** A deletion from the notes. */
export function remove(sort: Key): Write {
  return { kind: "delete", table: NOTES, sort };
}

/** The UTF-8 bytes of a text. */
export function bytes(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value));
}

/** A value as text, one character per byte. */
export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString("latin1");
}

/** Rows in a form that compares and prints well. */
export function plain(rows: readonly Row[]): unknown {
  return rows.map(({ sort, value }) => [sort, text(value)]);
}

/** A range as lines of "key:value". */
export async function contents(tables: Tables, query: RangeQuery): Promise<string[]> {
  return (await tables.range(query)).map(({ sort, value }) => `${sort.join(",")}:${text(value)}`);
}
