/** What a change makes of a row: pure, from the row before to the row after. */
import type { StoredRow } from "./column-format.js";
import type { ColumnChange, ColumnVersion } from "./column-table.js";

type PlainRow = Extract<StoredRow, { readonly hasVersions: false }>;
type VersionedRow = Extract<StoredRow, { readonly hasVersions: true }>;

/** The row after a change; undefined is a row that is not there, as is one that has no column left. */
export function changed(row: StoredRow | undefined, change: ColumnChange): StoredRow | undefined {
  if (change.kind === "delete-row") return undefined;
  const versions = change.table.versions;
  const after =
    versions === undefined
      ? changedPlain(row as PlainRow | undefined, change)
      : changedVersions(row as VersionedRow | undefined, change, versions.max);
  if (after === undefined || after.columns.size === 0) return undefined;
  const expiresAtMs = change.kind === "put" ? (change.expiresAtMs ?? row?.expiresAtMs) : row?.expiresAtMs;
  return expiresAtMs === undefined || expiresAtMs === "never" ? after : { ...after, expiresAtMs };
}

type ColumnsChange = Exclude<ColumnChange, { readonly kind: "delete-row" }>;

function changedPlain(row: PlainRow | undefined, change: ColumnsChange): PlainRow | undefined {
  const columns = new Map(row?.columns);
  if (change.kind === "put") for (const [name, value] of change.columns) columns.set(name, value);
  else columns.delete(change.column);
  return { hasVersions: false, columns };
}

function changedVersions(row: VersionedRow | undefined, change: ColumnsChange, max: number): VersionedRow {
  const columns = new Map(row?.columns);
  const enter = (name: string, entry: ColumnVersion): void => {
    keep(columns, name, entered(columns.get(name) ?? [], entry).slice(0, max));
  };
  switch (change.kind) {
    case "put":
      for (const [name, value] of change.columns) enter(name, { version: change.version!, value });
      break;
    case "delete-column":
      enter(change.column, { version: change.version!, value: undefined });
      break;
    case "delete-version": {
      const entries = columns.get(change.column) ?? [];
      keep(
        columns,
        change.column,
        entries.filter(({ version }) => version !== change.version),
      );
      break;
    }
    case "delete-versions":
      columns.delete(change.column);
      break;
  }
  return { hasVersions: true, columns };
}

/** The entries, the newest first, with one more, or with another one in the place of that of the same version. */
function entered(entries: readonly ColumnVersion[], entry: ColumnVersion): readonly ColumnVersion[] {
  return [
    ...entries.filter(({ version }) => version > entry.version),
    entry,
    ...entries.filter(({ version }) => version < entry.version),
  ];
}

/** Deletions that hide nothing are dropped. */
function keep(
  columns: Map<string, readonly ColumnVersion[]>,
  name: string,
  entries: readonly ColumnVersion[],
): void {
  const lastValue = entries.findLastIndex(({ value }) => value !== undefined);
  if (lastValue < 0) columns.delete(name);
  else columns.set(name, entries.slice(0, lastValue + 1));
}
