/** What column tables are, what is written to them and what is read from them. See docs/subsystems/tables.md. */
import { assert } from "@parley/base";
import type { Key, TableSpec } from "../tables.js";
import { utf8Length } from "./column-names.js";

export const COLUMN_NAME_BYTES_MAX = 255;
export const ROW_COLUMNS_MAX = 4_096;
/** A row is read and written as a whole. */
export const ROW_BYTES_MAX = 1024 * 1024;
export const COLUMN_VERSIONS_MAX = 1_000;

/** A table whose rows are sets of named columns. Which names there are is up to each row. */
export interface ColumnTable {
  readonly spec: TableSpec;
  /**
   * Keeps the newest `max` versions (1 to 1,000) of each column. May be declared later: what a row had before then counts as
   * version 0. Without it, rows hold no version, and nothing looks for one.
   */
  readonly versions?: { readonly max: number };
}

/**
 * What one batch does to one row. A row without columns is not there.
 *
 * `version` belongs to tables with versions, and only to those: any number from 0 that the writer orders its changes by, such as
 * the offset of the record in its log. Changes that are written again in their order lead to the same row.
 */
export type ColumnChange = { readonly table: ColumnTable; readonly sort: Key } & (
  | {
      /** Sets these columns and leaves the others as they are. */
      readonly kind: "put";
      readonly columns: ReadonlyMap<string, Uint8Array>;
      readonly version?: number;
      /** When the row ends: as before if not given. Only for tables that declare `hasExpiry`. */
      readonly expiresAtMs?: number | "never";
      /** The writer knows that such a row was never written or deleted: it is not read. */
      readonly isNew?: boolean;
    }
  /** Ends the row and every version of it. */
  | { readonly kind: "delete-row" }
  /** Ends the column, from this version on if the table has versions: older ones are still found by asking for them. */
  | { readonly kind: "delete-column"; readonly column: string; readonly version?: number }
  /** Removes what was put or deleted with exactly this version. */
  | { readonly kind: "delete-version"; readonly column: string; readonly version: number }
  /** Removes the column and every version of it. */
  | { readonly kind: "delete-versions"; readonly column: string }
);

/** What must be true of a row, as it is without the batch, for any of the batch to be written. */
export type ColumnCondition = { readonly table: ColumnTable; readonly sort: Key } & (
  | { readonly kind: "exists" }
  | { readonly kind: "absent" }
  /** The column has this value; undefined: it is not there. */
  | { readonly kind: "column-equals"; readonly column: string; readonly value: Uint8Array | undefined }
);

/** Changes to rows of one partition, all or nothing and at one moment. Later changes to the same row see the earlier ones. */
export interface ColumnBatch {
  readonly partition: Key;
  readonly changes: readonly ColumnChange[];
  readonly conditions?: readonly ColumnCondition[];
}

/** Which columns of a row to read. */
export interface ColumnSelection {
  /** All when not given. A row that has none of them is not there, to this reader. */
  readonly columns?: readonly string[];
  /** The row as it was at this version. Only for tables with versions, as far back as they keep them. */
  readonly atVersion?: number;
  /** Also up to so many versions of each column, from `atVersion` down. Only for tables with versions. */
  readonly versions?: number;
}

/** A version of a column; without a value it says that the column was deleted. */
export interface ColumnVersion {
  readonly version: number;
  readonly value: Uint8Array | undefined;
}

export interface ColumnRow {
  readonly sort: Key;
  /** In the order of the names' UTF-8 bytes. Values belong to the store: do not write to them. */
  readonly columns: ReadonlyMap<string, Uint8Array>;
  /** When asked for: of each column that has any, also of a deleted one, the newest first. */
  readonly versions?: ReadonlyMap<string, readonly ColumnVersion[]>;
}

/** A range of rows of one partition, as the port's `RangeQuery`. */
export interface ColumnQuery extends ColumnSelection {
  readonly table: ColumnTable;
  readonly partition: Key;
  readonly from?: Key;
  readonly before?: Key;
  readonly isDescending?: boolean;
  /** 1 to 10,000. */
  readonly limit: number;
}

export interface ColumnPage {
  readonly rows: readonly ColumnRow[];
  /**
   * Where to go on: the next query's `from`, or its `before` in descending order. Undefined when the range has been read. A
   * page may be short and yet go on, when many rows had none of the columns asked for.
   */
  readonly next: Key | undefined;
}

/** Asserts what a caller has to know about its own table. */
export function checkChange(change: ColumnChange): void {
  const hasVersions = change.table.versions !== undefined;
  const max = change.table.versions?.max ?? 1;
  assert(
    Number.isSafeInteger(max) && max >= 1 && max <= COLUMN_VERSIONS_MAX,
    "a table keeps 1 to 1,000 versions",
  );
  if (change.kind === "delete-row") return;
  if (change.kind === "put") for (const name of change.columns.keys()) checkName(name);
  else checkName(change.column);
  if (change.kind === "delete-versions") return;
  assert(hasVersions === (change.version !== undefined), "changes have versions where the table keeps them");
  if (change.version !== undefined) checkVersion(change.version);
}

/** Asserts that the table can answer. */
export function checkSelection(table: ColumnTable, { atVersion, versions }: ColumnSelection): void {
  if (atVersion === undefined && versions === undefined) return;
  assert(table.versions !== undefined, "a table without versions is not asked for them");
  if (atVersion !== undefined) checkVersion(atVersion);
  assert(
    versions === undefined || (Number.isSafeInteger(versions) && versions >= 1),
    "at least one version is asked for",
  );
}

function checkVersion(version: number): void {
  assert(Number.isSafeInteger(version) && version >= 0, "a version is a non-negative safe integer");
}

function checkName(name: string): void {
  const length = utf8Length(name);
  assert(
    length !== undefined && length >= 1 && length <= COLUMN_NAME_BYTES_MAX,
    `a column's name is well-formed text of 1 to ${COLUMN_NAME_BYTES_MAX} bytes`,
  );
}
