/**
 * Rows of named columns over any tables. A row is one value of the port (column-format.ts), so that one read gives all of it
 * and a batch of changes is one batch of the port.
 *
 *   write ─► turns of its rows ─► read what the changes need ─► conditions, changes ─► one batch
 *   find, findMany, range ─► view of each stored row
 *
 * A change reads the row that it changes. Between the two nobody may write that row: writers of a row take turns, as appends to
 * one column do. Turns and not conditions ("the value still equals"), because a partition has one owning process in Parley,
 * in which a turn costs one entry of a map, never has to be tried again, and needs nothing from the engine. So there is one
 * `ColumnTables` over a set of tables, and all writes to column tables go through it.
 */
import { assert, Failure } from "@parley/base";
import { Turns } from "../append-rows.js";
import { encodePartition, encodeTuple, successor } from "../key-encoding.js";
import { RANGE_LIMIT_MAX } from "../range-limit.js";
import type { Key, RangeQuery, Row, Tables, TableSpec, Write } from "../tables.js";
import { changed } from "./column-changes.js";
import { encodeRow, type StoredRow } from "./column-format.js";
import { NameReader } from "./column-names.js";
import {
  checkChange,
  checkSelection,
  type ColumnBatch,
  type ColumnChange,
  type ColumnCondition,
  type ColumnPage,
  type ColumnQuery,
  type ColumnRow,
  type ColumnSelection,
  type ColumnTable,
} from "./column-table.js";
import { decodeRow, viewOf, wantedOf } from "./column-view.js";

/** Rows that one batch may change or look at. */
export const BATCH_ROWS_MAX = 1_000;
/** Rows that one page may pass over, or return. */
export const PAGE_SCANNED_ROWS_MAX = RANGE_LIMIT_MAX;

export class ColumnTables {
  readonly #tables: Tables;
  readonly #turns = new Turns();
  readonly #names = new Map<string, NameReader>();

  /** The tables stay the caller's. */
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /**
   * The row as selected, or undefined.
   * Errors, of all reads: "tables-corrupt", "table-differs", those of the tables.
   */
  async find(
    table: ColumnTable,
    partition: Key,
    sort: Key,
    selection: ColumnSelection = {},
  ): Promise<ColumnRow | undefined> {
    checkSelection(table, selection);
    const value = await this.#tables.find(table.spec, partition, sort);
    return value === undefined
      ? undefined
      : viewOf(table, { sort, value }, wantedOf(selection), this.#namesOf(table));
  }

  /** Many rows of one table, of any partitions, in the order asked for. */
  async findMany(
    table: ColumnTable,
    keys: readonly { readonly partition: Key; readonly sort: Key }[],
    selection: ColumnSelection = {},
  ): Promise<readonly (ColumnRow | undefined)[]> {
    checkSelection(table, selection);
    const values = await this.#tables.findMany(table.spec, keys);
    const wanted = wantedOf(selection);
    const names = this.#namesOf(table);
    return values.map((value, index) =>
      value === undefined ? undefined : viewOf(table, { sort: keys[index]!.sort, value }, wanted, names),
    );
  }

  /** Rows of one partition in key order. */
  async range(query: ColumnQuery): Promise<ColumnPage> {
    checkSelection(query.table, query);
    const wanted = wantedOf(query);
    const names = this.#namesOf(query.table);
    const rows: ColumnRow[] = [];
    let rest = queryBelow(query);
    let scanned = 0;
    // Where few rows have what is asked for, pages grow: a small limit does not mean many small reads.
    for (let pageRows = query.limit; ; pageRows *= 2) {
      const limit = Math.min(pageRows, PAGE_SCANNED_ROWS_MAX - scanned);
      const page = await this.#tables.range({ ...rest, limit });
      const last = page.at(-1);
      const isEnd = last === undefined || page.length < limit;
      for (const row of page) {
        const seen = viewOf(query.table, row, wanted, names);
        if (seen === undefined) continue;
        rows.push(seen);
        if (rows.length < query.limit) continue;
        return { rows, next: isEnd && row === last ? undefined : boundAfter(query, row) };
      }
      scanned += page.length;
      if (isEnd) return { rows, next: undefined };
      const next = boundAfter(query, last);
      if (scanned === PAGE_SCANNED_ROWS_MAX) return { rows, next };
      rest = query.isDescending === true ? { ...rest, before: next } : { ...rest, from: next };
    }
  }

  /**
   * Writes changes, all or none, after looking whether the conditions hold.
   * Effects: as the port's `write`. Cost: one read for all rows that are changed in part or looked at; none when all of them
   *   are new or deleted.
   * Errors: "condition-failed", "row-too-large": nothing is written; "tables-corrupt", "table-differs", those of the tables.
   */
  async write(batch: ColumnBatch, options: { readonly isDurable: boolean }): Promise<void> {
    for (const change of batch.changes) checkChange(change);
    const rows = rowsOf(batch);
    assert(rows.size <= BATCH_ROWS_MAX, `a batch is about at most ${BATCH_ROWS_MAX} rows`);
    // All take turns in the same order, so that no two wait for each other.
    await this.#inTurns([...rows.keys()].toSorted(), 0, () => this.#write(batch, rows, options));
  }

  async #inTurns(names: readonly string[], index: number, task: () => Promise<void>): Promise<void> {
    const name = names[index];
    if (name === undefined) await task();
    else await this.#turns.take(name, () => this.#inTurns(names, index + 1, task));
  }

  async #write(
    { partition, conditions = [] }: ColumnBatch,
    rows: ReadonlyMap<string, RowWork>,
    options: { readonly isDurable: boolean },
  ): Promise<void> {
    await this.#read(partition, [...rows.values()]);
    const unmet = conditions.find(
      (condition) => !isMet(condition, rows.get(rowName(partition, condition))!.before),
    );
    if (unmet !== undefined) throw notMet(unmet);
    const writes = [...rows.values()].flatMap((row) => writeOf(row) ?? []);
    if (writes.length > 0) await this.#tables.write([{ partition, writes }], options);
  }

  async #read(partition: Key, rows: readonly RowWork[]): Promise<void> {
    const byTable = new Map<string, RowWork[]>();
    for (const row of rows) {
      if (!row.isRead) continue;
      const same = byTable.get(row.table.spec.name);
      if (same === undefined) byTable.set(row.table.spec.name, [row]);
      else same.push(row);
    }
    await Promise.all(
      [...byTable.values()].map(async (wanted) => {
        const { table } = wanted[0]!;
        const keys = wanted.map(({ sort }) => ({ partition, sort }));
        const stored = await this.#tables.findMany(table.spec, keys);
        for (const [index, row] of wanted.entries()) {
          const value = stored[index];
          if (value !== undefined) row.before = decodeRow(table, value, this.#namesOf(table));
        }
      }),
    );
  }

  /** As many as there are tables. */
  #namesOf({ spec }: ColumnTable): NameReader {
    let names = this.#names.get(spec.name);
    if (names === undefined) {
      names = new NameReader();
      this.#names.set(spec.name, names);
    }
    return names;
  }
}

/** What a batch has to do with one row. */
interface RowWork {
  readonly table: ColumnTable;
  readonly sort: Key;
  readonly changes: ColumnChange[];
  /** Whether what is stored matters: not when all that the batch wants is that it goes, or that it is new. */
  isRead: boolean;
  before: StoredRow | undefined;
}

function rowName(
  partition: Key,
  { table, sort }: { readonly table: ColumnTable; readonly sort: Key },
): string {
  return encodePartition(table.spec, partition) + encodeTuple(sort);
}

function rowsOf({ partition, changes, conditions = [] }: ColumnBatch): Map<string, RowWork> {
  const rows = new Map<string, RowWork>();
  const rowOf = (target: { readonly table: ColumnTable; readonly sort: Key }): RowWork => {
    const name = rowName(partition, target);
    const known = rows.get(name);
    if (known !== undefined) return known;
    const { table, sort } = target;
    const row: RowWork = { table, sort, changes: [], isRead: false, before: undefined };
    rows.set(name, row);
    return row;
  };
  for (const change of changes) {
    const row = rowOf(change);
    const isBlind = change.kind === "delete-row" || (change.kind === "put" && change.isNew === true);
    if (row.changes.length === 0 && !isBlind) row.isRead = true;
    row.changes.push(change);
  }
  for (const condition of conditions) rowOf(condition).isRead = true;
  return rows;
}

function writeOf(row: RowWork): Write | undefined {
  const { table, sort, changes, before, isRead } = row;
  if (changes.length === 0) return undefined;
  let after = before;
  for (const change of changes) after = changed(after, change);
  if (after === undefined) {
    return isRead && before === undefined ? undefined : { kind: "delete", table: table.spec, sort };
  }
  const [first] = changes;
  const isNew = first!.kind === "put" && first!.isNew === true;
  const value = encodeRow(after);
  return {
    kind: "put",
    table: table.spec,
    sort,
    value,
    ...expiryOf(table.spec, after),
    ...(isNew ? { isNew } : {}),
  };
}

function expiryOf(spec: TableSpec, { expiresAtMs }: StoredRow): { readonly expiresAtMs?: number } {
  assert(spec.hasExpiry === true || expiresAtMs === undefined, "only rows of a table with expiry expire");
  return expiresAtMs === undefined ? {} : { expiresAtMs };
}

function isMet(condition: ColumnCondition, row: StoredRow | undefined): boolean {
  switch (condition.kind) {
    case "exists":
      return isThere(row);
    case "absent":
      return !isThere(row);
    case "column-equals":
      return isSameValue(currentValue(row, condition.column), condition.value);
  }
}

/** A row of which all columns are deleted may still hold older versions. */
function isThere(row: StoredRow | undefined): boolean {
  if (row === undefined || !row.hasVersions) return row !== undefined;
  return [...row.columns.values()].some(([newest]) => newest?.value !== undefined);
}

function currentValue(row: StoredRow | undefined, column: string): Uint8Array | undefined {
  if (row === undefined) return undefined;
  return row.hasVersions ? row.columns.get(column)?.[0]?.value : row.columns.get(column);
}

function isSameValue(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function notMet({ table, kind }: ColumnCondition): Failure {
  return new Failure(
    "condition-failed",
    `A row of ${table.spec.name} does not meet the condition "${kind}". Read it again and decide anew.`,
    { retry: "after-change", details: { table: table.spec.name, condition: kind } },
  );
}

function queryBelow({ table, partition, from, before, isDescending, limit }: ColumnQuery): RangeQuery {
  return {
    table: table.spec,
    partition,
    ...(from === undefined ? {} : { from }),
    ...(before === undefined ? {} : { before }),
    ...(isDescending === undefined ? {} : { isDescending }),
    limit,
  };
}

/** The bound with which a query goes on behind a row. */
function boundAfter({ isDescending }: ColumnQuery, { sort }: Row): Key {
  return isDescending === true ? sort : successor(sort);
}
