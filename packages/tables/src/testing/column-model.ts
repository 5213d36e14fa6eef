/** Column tables in the most naive way: a map of maps of maps, and random operations on it. */
import * as fc from "fast-check";
import type {
  ColumnBatch,
  ColumnChange,
  ColumnCondition,
  ColumnQuery,
  ColumnSelection,
  ColumnTable,
} from "../columns/column-table.js";
import type { Key } from "../tables.js";
import { compareTuples } from "./table-model.js";

export const PLAIN: ColumnTable = { spec: { name: "plain" } };
export const BRIEF: ColumnTable = { spec: { name: "brief", hasExpiry: true } };
export const PACKED: ColumnTable = { spec: { name: "packed", isPacked: true } };
export const VERSIONED: ColumnTable = { spec: { name: "versioned" }, versions: { max: 3 } };
export const BRIEF_VERSIONED: ColumnTable = {
  spec: { name: "brief-versioned", hasExpiry: true },
  versions: { max: 1 },
};
export const PACKED_VERSIONED: ColumnTable = {
  spec: { name: "packed-versioned", isPacked: true, hasExpiry: true },
  versions: { max: 2 },
};

/** By version; a table without versions uses one. Undefined is a deletion. */
type Versions = Map<number, string | undefined>;

interface ModelRow {
  readonly partition: Key;
  readonly sort: Key;
  readonly columns: Map<string, Versions>;
  expiresAtMs: number;
}

/** A row as a test compares it: columns as [name, value], versions as [name, [version, value][]]. */
export type PlainRow = readonly [
  Key,
  readonly (readonly [string, string])[],
  readonly (readonly [string, readonly (readonly [number, string | undefined])[]])[] | undefined,
];

export class ColumnModel {
  readonly #rows = new Map<string, ModelRow>();
  readonly #touched = new Set<string>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The kind of the first condition that does not hold; otherwise undefined, and the changes are done. */
  write({ partition, changes, conditions = [] }: ColumnBatch): string | undefined {
    const unmet = conditions.find((condition) => !this.#isMet(partition, condition));
    if (unmet !== undefined) return unmet.kind;
    // What has ended before the batch is gone; nothing ends within it.
    for (const [name, row] of this.#rows) if (row.expiresAtMs <= this.#nowMs()) this.#rows.delete(name);
    for (const change of changes) this.#change(partition, change);
    return undefined;
  }

  /** Whether a row was never written or deleted. */
  isUntouched(table: ColumnTable, partition: Key, sort: Key): boolean {
    return !this.#touched.has(nameOf(table, partition, sort));
  }

  find(table: ColumnTable, partition: Key, sort: Key, selection: ColumnSelection): PlainRow | undefined {
    const row = this.#live(table, partition, sort);
    return row === undefined ? undefined : viewed(row, selection);
  }

  range(query: ColumnQuery): readonly PlainRow[] {
    const { table, partition, from, before } = query;
    const all = [...this.#rows.keys()]
      .map((name) => this.#rows.get(name)!)
      .filter(
        (row) =>
          this.#live(table, partition, row.sort) === row &&
          (from === undefined || compareTuples(row.sort, from) >= 0) &&
          (before === undefined || compareTuples(row.sort, before) < 0),
      )
      .toSorted((left, right) => compareTuples(left.sort, right.sort));
    return (query.isDescending === true ? all.toReversed() : all).flatMap((row) => {
      const seen = viewed(row, query);
      return seen === undefined ? [] : [seen];
    });
  }

  #live(table: ColumnTable, partition: Key, sort: Key): ModelRow | undefined {
    const row = this.#rows.get(nameOf(table, partition, sort));
    return row === undefined || row.expiresAtMs <= this.#nowMs() ? undefined : row;
  }

  #isMet(partition: Key, condition: ColumnCondition): boolean {
    const row = this.find(condition.table, partition, condition.sort, {});
    if (condition.kind === "exists") return row !== undefined;
    if (condition.kind === "absent") return row === undefined;
    const wanted = condition.value === undefined ? undefined : textOf(condition.value);
    return row?.[1].find(([name]) => name === condition.column)?.[1] === wanted;
  }

  #change(partition: Key, change: ColumnChange): void {
    const { table, sort } = change;
    const name = nameOf(table, partition, sort);
    this.#touched.add(name);
    if (change.kind === "delete-row") {
      this.#rows.delete(name);
      return;
    }
    const row = this.#rows.get(name) ?? {
      partition,
      sort,
      columns: new Map<string, Versions>(),
      expiresAtMs: Infinity,
    };
    this.#rows.set(name, row);
    const enter = (column: string, version: number, value: string | undefined): void => {
      if (!row.columns.has(column)) row.columns.set(column, new Map());
      row.columns.get(column)!.set(version, value);
    };
    if (change.kind === "put") {
      for (const [column, value] of change.columns) enter(column, change.version ?? 0, textOf(value));
      if (change.expiresAtMs !== undefined)
        row.expiresAtMs = change.expiresAtMs === "never" ? Infinity : change.expiresAtMs;
    } else if (change.kind === "delete-column") enter(change.column, change.version ?? 0, undefined);
    else if (change.kind === "delete-version") row.columns.get(change.column)?.delete(change.version);
    else row.columns.delete(change.column);
    for (const [column, versions] of row.columns) {
      const kept = newestFirst(versions).slice(0, table.versions?.max ?? 1);
      while (kept.length > 0 && kept.at(-1)![1] === undefined) kept.pop();
      row.columns.set(column, new Map(kept));
      if (kept.length === 0) row.columns.delete(column);
    }
    if (row.columns.size === 0) this.#rows.delete(name);
  }
}

function viewed(row: ModelRow, selection: ColumnSelection): PlainRow | undefined {
  const columns: [string, string][] = [];
  const versions: [string, [number, string | undefined][]][] = [];
  for (const name of [...row.columns.keys()].toSorted(byBytes)) {
    if (selection.columns !== undefined && !selection.columns.includes(name)) continue;
    const below = newestFirst(row.columns.get(name)!).filter(
      ([version]) => version <= (selection.atVersion ?? Infinity),
    );
    const value = below[0]?.[1];
    if (value !== undefined) columns.push([name, value]);
    if (below.length > 0) versions.push([name, below.slice(0, selection.versions)]);
  }
  const isShown = columns.length > 0 || (selection.versions !== undefined && versions.length > 0);
  return isShown ? [row.sort, columns, selection.versions === undefined ? undefined : versions] : undefined;
}

function newestFirst(versions: Versions): [number, string | undefined][] {
  return [...versions].toSorted(([left], [right]) => right - left);
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function nameOf(table: ColumnTable, partition: Key, sort: Key): string {
  return JSON.stringify([table.spec.name, partition, sort]);
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}

export const COLUMN_TABLES: readonly ColumnTable[] = [
  PLAIN,
  BRIEF,
  PACKED,
  VERSIONED,
  BRIEF_VERSIONED,
  PACKED_VERSIONED,
];
export const COLUMN_PARTITIONS: readonly Key[] = [["p"], ["p", "q"]];
/** Few rows, columns and versions, so that operations meet. */
const arbitrarySort: fc.Arbitrary<Key> = fc.tuple(fc.nat({ max: 4 }));
/** In an order that differs between UTF-16 and UTF-8. */
const arbitraryColumn = fc.oneof(
  { weight: 4, arbitrary: fc.constant("a") },
  { weight: 1, arbitrary: fc.constantFrom("ab", "é", "\uffee", "\u{1f600}") },
);
const arbitraryValue = fc.uint8Array({ maxLength: 3 });
const arbitraryVersion = fc.nat({ max: 5 });

function arbitraryChange(nowMs: number, table: ColumnTable): fc.Arbitrary<ColumnChange> {
  const put = fc
    .record(
      {
        table: fc.constant(table),
        sort: arbitrarySort,
        kind: fc.constant("put" as const),
        columns: fc
          .array(fc.tuple(arbitraryColumn, arbitraryValue), { maxLength: 3 })
          .map((columns): ReadonlyMap<string, Uint8Array> => new Map(columns)),
        version: arbitraryVersion,
        expiresAtMs: fc.constantFrom<(number | "never")[]>(nowMs + 1, nowMs + 5, nowMs + 100, "never"),
        isNew: fc.constant(true),
      },
      { requiredKeys: ["table", "sort", "kind", "columns", "version"] },
    )
    .map(({ version, expiresAtMs, isNew, ...rest }): ColumnChange => {
      const { spec, versions } = rest.table;
      return {
        ...rest,
        ...(versions === undefined ? {} : { version }),
        ...(spec.hasExpiry !== true || expiresAtMs === undefined ? {} : { expiresAtMs }),
        ...(isNew === undefined ? {} : { isNew }),
      };
    });
  const removal = fc
    .record({
      sort: arbitrarySort,
      kind: fc.constantFrom(
        "delete-row" as const,
        "delete-column" as const,
        "delete-version" as const,
        "delete-versions" as const,
      ),
      column: arbitraryColumn,
      version: arbitraryVersion,
    })
    .map(({ sort, kind, column, version }): ColumnChange => {
      if (kind === "delete-row") return { table, sort, kind };
      if (kind === "delete-versions") return { table, sort, kind, column };
      if (table.versions === undefined) return { table, sort, kind: "delete-column", column };
      return { table, sort, kind, column, version };
    });
  return fc.oneof({ weight: 3, arbitrary: put }, { weight: 2, arbitrary: removal });
}

function arbitraryCondition(table: ColumnTable): fc.Arbitrary<ColumnCondition> {
  return fc.oneof(
    fc.record({
      table: fc.constant(table),
      sort: arbitrarySort,
      kind: fc.constantFrom("exists" as const, "absent" as const),
    }),
    fc.record({
      table: fc.constant(table),
      sort: arbitrarySort,
      kind: fc.constant("column-equals" as const),
      column: arbitraryColumn,
      value: fc.option(arbitraryValue, { nil: undefined }),
    }),
  );
}

export function arbitraryColumnBatch(nowMs: number, table: ColumnTable): fc.Arbitrary<ColumnBatch> {
  return fc.record({
    partition: fc.constantFrom(...COLUMN_PARTITIONS),
    changes: fc.array(arbitraryChange(nowMs, table), { minLength: 1, maxLength: 4 }),
    conditions: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(arbitraryCondition(table), { minLength: 1, maxLength: 2 }) },
    ),
  });
}

export function arbitraryColumnQuery(table: ColumnTable): fc.Arbitrary<ColumnQuery> {
  return fc
    .record(
      {
        table: fc.constant(table),
        partition: fc.constantFrom(...COLUMN_PARTITIONS),
        limit: fc.integer({ min: 1, max: 5 }),
        from: arbitrarySort,
        before: arbitrarySort,
        isDescending: fc.boolean(),
        columns: fc.array(arbitraryColumn, { maxLength: 2 }),
        atVersion: arbitraryVersion,
        versions: fc.integer({ min: 1, max: 4 }),
      },
      { requiredKeys: ["table", "partition", "limit"] },
    )
    .map(({ atVersion, versions, ...rest }) => ({
      ...rest,
      ...(rest.table.versions === undefined || atVersion === undefined ? {} : { atVersion }),
      ...(rest.table.versions === undefined || versions === undefined ? {} : { versions }),
    }));
}
