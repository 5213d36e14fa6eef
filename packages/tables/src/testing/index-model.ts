import type { Scheduler } from "@parley/base";
import type { IndexMatch, IndexQuery } from "../indexed/index-query.js";
import { openIndexedTables, type IndexedTables } from "../indexed/indexed-tables.js";
import { MemoryTables, type MemoryTableStore } from "../memory-tables.js";
import type { IndexSpec, Key, Row, ScannedRow, Tables, TableScan, TableSpec } from "../tables.js";
import type { ManualClock } from "./manual-time.js";
import { text } from "./conformance-support.js";
import { compareTuples, NOTES, TYPING } from "./table-model.js";

/** Each word of a note finds it, and includes the note's first character. A note without words is not in it. */
export const BY_WORD: IndexSpec = {
  name: "word",
  version: 1,
  keyParts: 1,
  entriesOf({ value }) {
    const note = text(value)!;
    const included = value.slice(0, 1);
    return note
      .split(" ")
      .filter((word) => word.length > 0)
      .map((word) => ({ key: [word], included }));
  },
};

/** Notes of an even length, by it and by their first byte. */
export const BY_LENGTH: IndexSpec = {
  name: "even-length",
  version: 1,
  keyParts: 2,
  entriesOf: ({ value }) => (value.length % 2 === 0 ? [{ key: [value.length, value[0] ?? 0] }] : []),
};

export const INDEXED_NOTES: TableSpec = { ...NOTES, indexes: [BY_WORD, BY_LENGTH] };
export const INDEXED_TYPING: TableSpec = { ...TYPING, indexes: [BY_LENGTH] };
/** Goes on when all promises of the turn have. */
export const promptScheduler: Scheduler = {
  after(_delayMs, task) {
    setImmediate(task);
    return { cancel: () => undefined };
  },
  every: () => ({ cancel: () => undefined }),
  soon(task) {
    setImmediate(task);
  },
};

/** Indexed tables over a store, with the two tables of the conformance suite declared. */
export function openIndexed(
  store: MemoryTableStore,
  clock: ManualClock,
  {
    declared = [INDEXED_NOTES, INDEXED_TYPING],
    engine = new MemoryTables(store, clock),
    ...limits
  }: {
    readonly declared?: readonly TableSpec[];
    readonly engine?: Tables;
    readonly queueRecordsMax?: number;
  } = {},
): Promise<IndexedTables> {
  return openIndexedTables({ tables: engine, declared, clock, scheduler: promptScheduler, ...limits });
}

/** All rows of a table. */
export async function allRows(tables: Tables, table: TableSpec): Promise<readonly ScannedRow[]> {
  const rows: ScannedRow[] = [];
  for (let after: TableScan["after"]; ;) {
    const page = await tables.scanTable({ table, limit: 1000, ...(after === undefined ? {} : { after }) });
    rows.push(...page);
    if (page.length < 1000) return rows;
    after = page.at(-1)!;
  }
}

/** What an index has to find, in the most naive way: from the rows of the partition. */
export function expectedMatches(rows: readonly Row[], query: IndexQuery): readonly IndexMatch[] {
  const spec = query.table.indexes!.find(({ name }) => name === query.index)!;
  const found = new Map<string, IndexMatch>();
  for (const row of rows) {
    for (const { key, included = new Uint8Array(0) } of spec.entriesOf(row)) {
      const place = [...key, ...row.sort];
      found.set(JSON.stringify(place), { place, key, sort: row.sort, included });
    }
  }
  const ordered = [...found.values()]
    .filter(
      ({ place }) =>
        (query.from === undefined || compareTuples(place, query.from) >= 0) &&
        (query.before === undefined || compareTuples(place, query.before) < 0),
    )
    .toSorted((left, right) => compareTuples(left.place, right.place));
  return (query.isDescending === true ? ordered.toReversed() : ordered).slice(0, query.limit);
}

/** Matches in a form that compares and prints well. */
export function plainMatches(matches: readonly IndexMatch[]): unknown {
  return matches.map(({ place, key, sort, included }) => ({ place, key, sort, included: text(included) }));
}

/** The query of a whole partition. */
export function wholeIndex(table: TableSpec, index: string, partition: Key): IndexQuery {
  return { table, index, partition, limit: 10_000 };
}
