/**
 * A local index and its rows:
 *
 *   table      <table>-by-<index>-<generation>
 *   partition  that of the row
 *   sort       (key parts of the entry..., sort key of the row...)
 *   value      what the entry includes; it expires with the row
 */
import { assert } from "@parley/base";
import { companionTable } from "../companion-table.js";
import { encodeTuple } from "../key-encoding.js";
import type { IndexEntry, IndexSpec, Key, Row, TableSpec, Write } from "../tables.js";
import type { IndexState } from "./index-state.js";

const INDEX_NAME = /^[a-z]+(-[a-z]+)*$/;
const NOTHING = new Uint8Array(0);

/**
 * What a write to the table does to the index. "deletes": removes entries that are no longer right. "puts": also puts all
 * entries that are right, because they may not be there yet. "changes": also puts those that were not right before.
 */
export type Maintenance = "none" | "deletes" | "puts" | "changes";

/** An entry's place in the index, and what stands there. */
export interface IndexRow {
  readonly sort: Key;
  readonly value: Uint8Array;
}

export class LocalIndex {
  readonly table: TableSpec;
  readonly spec: IndexSpec;
  #state: IndexState;
  #rows: TableSpec;
  #maintenance: Maintenance;

  constructor(table: TableSpec, spec: IndexSpec, state: IndexState) {
    assert(INDEX_NAME.test(spec.name), "an index's name is lower-case words with hyphens between them");
    assert(Number.isSafeInteger(spec.version) && spec.version >= 1, "an index's version is 1 or more");
    assert(Number.isSafeInteger(spec.keyParts) && spec.keyParts >= 1, "an index's key has a part or more");
    this.table = table;
    this.spec = spec;
    this.#state = state;
    this.#rows = indexTable(table, spec, state.generation);
    this.#maintenance = maintenanceIn(state);
  }

  get state(): IndexState {
    return this.#state;
  }

  /** Takes effect at once: call with a state that is durable, while nothing is written. */
  set state(state: IndexState) {
    this.#state = state;
    this.#rows = indexTable(this.table, this.spec, state.generation);
    this.#maintenance = maintenanceIn(state);
  }

  /** The table of the entries of the present generation. */
  get rows(): TableSpec {
    return this.#rows;
  }

  get maintenance(): Maintenance {
    return this.#maintenance;
  }

  get isReadable(): boolean {
    return this.#state.phase === "readable";
  }

  /** The index rows of a row. */
  rowsOf(row: Row): readonly IndexRow[] {
    return indexRowsOf(this.spec, row);
  }

  /** What a change of a row does to the index; `before` and `after` are its values, undefined when there is none. */
  writesFor(change: RowChange, writes: Write[]): void {
    const { sort, before, after, expiresAtMs } = change;
    const old = before === undefined ? [] : this.rowsOf({ sort, value: before });
    const present =
      after === undefined || this.#maintenance === "deletes" ? [] : this.rowsOf({ sort, value: after });
    const table = this.#rows;
    for (const row of old) {
      if (!present.some((each) => isSameKey(each.sort, row.sort)))
        writes.push({ kind: "delete", table, sort: row.sort });
    }
    // The expiry of the row that is replaced is not known, so where rows expire every entry is put again.
    const mayStay = this.#maintenance === "changes" && this.table.hasExpiry !== true;
    for (const { sort: place, value } of present) {
      const isThere =
        mayStay && old.some((each) => isSameKey(each.sort, place) && isSameBytes(each.value, value));
      if (isThere) continue;
      writes.push({
        kind: "put",
        table,
        sort: place,
        value,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      });
    }
  }
}

/** How a row is changed. */
export interface RowChange {
  readonly sort: Key;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** The table that holds the entries of a generation. */
export function indexTable(
  table: TableSpec,
  { name, isKeysOnly }: Pick<IndexSpec, "name" | "isKeysOnly">,
  generation: number,
): TableSpec {
  assert(
    table.keyOwner !== "conversation-in-sort",
    "the entries of an index have the owner of their partition",
  );
  const rows = companionTable(table, `by-${name}-${generation}`);
  return isKeysOnly === true ? { ...rows, isKeysOnly } : rows;
}

/** The index rows of a row by a definition. Errors: asserts that entries are as they are declared. */
export function indexRowsOf(spec: IndexSpec, row: Row): readonly IndexRow[] {
  const entries = spec.entriesOf(row);
  if (entries.length === 0) return [];
  const rows = entries.map(({ key, included = NOTHING }: IndexEntry): IndexRow => {
    assert(key.length === spec.keyParts, `an entry of the index ${spec.name} has ${spec.keyParts} parts`);
    assert(
      spec.isKeysOnly !== true || included.length === 0,
      `an entry of the index ${spec.name} includes nothing`,
    );
    return { sort: [...key, ...row.sort], value: included };
  });
  if (rows.length === 1) return rows;
  // The last of those with the same key counts, as in a batch.
  return [...new Map(rows.map((each) => [encodeTuple(each.sort), each])).values()];
}

/** The sort key of the row that an index row leads to. */
export function rowSortOf(spec: Pick<IndexSpec, "keyParts">, indexSort: Key): Key {
  return indexSort.slice(spec.keyParts);
}

/** Whether two keys are the same tuple. */
export function isSameKey(left: Key, right: Key): boolean {
  return left.length === right.length && left.every((part, index) => part === right[index]);
}

/** Whether two values are the same bytes. */
export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

function maintenanceIn({ phase }: IndexState): Maintenance {
  switch (phase) {
    case "absent":
      return "none";
    case "delete-only":
      return "deletes";
    case "write-only":
      return "puts";
    case "verifying":
    case "readable":
      return "changes";
  }
}
