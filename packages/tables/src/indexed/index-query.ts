import { Failure } from "@parley/base";
import { encodeTuple, successor } from "../key-encoding.js";
import { sortBounds } from "../range-query.js";
import type { IndexSpec, Key, RangeQuery, Row, TableSpec } from "../tables.js";
import { type IndexRow, indexRowsOf, rowSortOf } from "./local-index.js";

/** Rows that a walk through a partition reads at a time. */
const SCAN_PAGE_ROWS = 1_000;

/** A range of a local index within one partition. Bounds are keys of entries, as `place` gives them, or their beginnings. */
export interface IndexQuery extends RangeQuery {
  /** The name of an index that the table declares. */
  readonly index: string;
  /**
   * With it, an index that is not ready is done without: the rows of the partition are read, when there are no more than
   * these.
   */
  readonly scanRowsMax?: number;
}

/** What an index finds. */
export interface IndexMatch {
  /** The entry's place in the index: continue `from` its `successor`, or `before` it. */
  readonly place: Key;
  readonly key: Key;
  /** The sort key of the row. */
  readonly sort: Key;
  /** What the entry includes; no bytes when it includes nothing. Belongs to the store. */
  readonly included: Uint8Array;
}

/** Answers queries of local indexes. */
export interface IndexReader {
  /**
   * The entries of a range in the order of the index. A write is seen by every query that begins after it has ended.
   * Errors: "index-unknown" (the table declares none of that name); "index-not-ready" (its details tell how far it is built);
   *   and those of reads.
   */
  queryIndex(query: IndexQuery): Promise<readonly IndexMatch[]>;
}

/** The declaration of an index. Errors: "index-unknown". */
export function findIndexSpec(table: TableSpec, name: string): IndexSpec {
  const spec = table.indexes?.find((each) => each.name === name);
  if (spec !== undefined) return spec;
  throw new Failure("index-unknown", `The table ${table.name} declares no index ${name}.`, {
    details: { table: table.name, index: name },
  });
}

/** What an index row tells. */
export function matchOf(spec: IndexSpec, { sort, value }: Row): IndexMatch {
  return { place: sort, key: sort.slice(0, spec.keyParts), sort: rowSortOf(spec, sort), included: value };
}

/**
 * Answers a query without the index, from the rows of the partition.
 * Errors: `notReady` when there are more than the query allows.
 */
export async function scanForIndex(
  query: IndexQuery,
  range: (query: RangeQuery) => Promise<readonly Row[]>,
  notReady: Error,
): Promise<readonly IndexMatch[]> {
  const { table, partition, scanRowsMax = 0, isDescending, limit } = query;
  const spec = findIndexSpec(table, query.index);
  const bounds = sortBounds(query);
  const found: { readonly place: string; readonly row: IndexRow }[] = [];
  let from: Key | undefined;
  for (let rowsRead = 0; ;) {
    const pageLimit = Math.min(SCAN_PAGE_ROWS, scanRowsMax - rowsRead + 1);
    const page = await range({
      table,
      partition,
      limit: pageLimit,
      ...(from === undefined ? {} : { from }),
    });
    rowsRead += page.length;
    if (rowsRead > scanRowsMax) throw notReady;
    for (const row of page.flatMap((each) => indexRowsOf(spec, each))) {
      const place = encodeTuple(row.sort);
      if (place >= bounds.from && place < bounds.before) found.push({ place, row });
    }
    if (page.length < pageLimit) break;
    from = successor(page.at(-1)!.sort);
  }
  const sign = isDescending === true ? -1 : 1;
  found.sort((left, right) => (left.place < right.place ? -sign : sign));
  return found.slice(0, limit).map(({ row }) => matchOf(spec, row));
}
