/** What a reader sees of a stored row. */
import { Failure } from "@parley/base";
import type { Key } from "../tables.js";
import { hasVersions, readColumns, readExpiry, readVersions, type StoredRow } from "./column-format.js";
import type { NameReader } from "./column-names.js";
import type { ColumnRow, ColumnSelection, ColumnTable, ColumnVersion } from "./column-table.js";

const VERSION_BEFORE_VERSIONS = 0;

/** A selection with its columns as a set, made once for all rows of a read. */
export interface Wanted extends Omit<ColumnSelection, "columns"> {
  readonly columns?: ReadonlySet<string>;
}

export function wantedOf({ columns, ...rest }: ColumnSelection): Wanted {
  return columns === undefined ? rest : { ...rest, columns: new Set(columns) };
}

/** The row as the selection shows it; undefined when it shows none of its columns. Errors: as `decodeRow`. */
export function viewOf(
  table: ColumnTable,
  row: { readonly sort: Key; readonly value: Uint8Array },
  wanted: Wanted,
  names: NameReader,
): ColumnRow | undefined {
  const { sort, value } = row;
  if (table.versions === undefined) {
    if (hasVersions(value)) throw differs(table);
    const columns = readColumns(value, names, wanted.columns);
    return columns.size === 0 ? undefined : { sort, columns };
  }
  const { atVersion = Infinity, versions: count } = wanted;
  const columns = new Map<string, Uint8Array>();
  const versions = count === undefined ? undefined : new Map<string, readonly ColumnVersion[]>();
  for (const [name, entries] of entriesOf(value, names, wanted.columns)) {
    const first = entries.findIndex(({ version }) => version <= atVersion);
    if (first < 0) continue;
    const newest = entries[first]!.value;
    if (newest !== undefined) columns.set(name, newest);
    versions?.set(name, entries.slice(first, first + count!));
  }
  if (columns.size === 0 && (versions?.size ?? 0) === 0) return undefined;
  return versions === undefined ? { sort, columns } : { sort, columns, versions };
}

/**
 * All of a stored row, for a change to it.
 * Errors: "tables-corrupt"; "table-differs" when the row has versions, which its table does not declare any more.
 */
export function decodeRow(table: ColumnTable, stored: Uint8Array, names: NameReader): StoredRow {
  if (table.versions === undefined && hasVersions(stored)) throw differs(table);
  const expiresAtMs = readExpiry(stored);
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  return table.versions === undefined
    ? { hasVersions: false, columns: readColumns(stored, names), ...expiry }
    : { hasVersions: true, columns: entriesOf(stored, names), ...expiry };
}

/** A row from before its table had versions has one of each column. */
function entriesOf(
  stored: Uint8Array,
  names: NameReader,
  wanted?: ReadonlySet<string>,
): ReadonlyMap<string, readonly ColumnVersion[]> {
  if (hasVersions(stored)) return readVersions(stored, names, wanted);
  const entries = new Map<string, readonly ColumnVersion[]>();
  for (const [name, value] of readColumns(stored, names, wanted))
    entries.set(name, [{ version: VERSION_BEFORE_VERSIONS, value }]);
  return entries;
}

function differs({ spec }: ColumnTable): Failure {
  return new Failure(
    "table-differs",
    `A row of ${spec.name} has versions, which the table is not declared to keep. Declare them as before.`,
    { details: { table: spec.name } },
  );
}
