import { assert } from "@parley/base";
import { encodeTuple, scanBounds, successor } from "../key-encoding.js";
import type { Key, RangeQuery, Row, ScannedRow, Tables, TableScan, TableSpec } from "../tables.js";

/** What a walk over a packed table reads. */
export interface PackedSources {
  readonly tables: Tables;
  readonly blockTable: TableSpec;
  /** Rows as they are read, packed or not. */
  readonly range: (query: RangeQuery) => Promise<readonly Row[]>;
  /** Reads rows and blocks as they were at one time. */
  readonly atOnce: <T>(read: () => Promise<T>) => Promise<T>;
}

/**
 * Walks over a packed table: finds each next partition among the rows and among the blocks, and reads it as others do.
 * Cost: three reads for each partition beside its rows.
 * Errors: asserts that its rows do not expire; when they do is not told by a range.
 */
export async function scanPacked(scan: TableScan, sources: PackedSources): Promise<readonly ScannedRow[]> {
  const { table, limit } = scan;
  assert(table.hasExpiry !== true, "a packed table whose rows expire is not walked");
  scanBounds(scan);
  const found: ScannedRow[] = [];
  let { after } = scan;
  while (found.length < limit) {
    let partition = after?.sort === undefined ? undefined : after.partition;
    const from = after?.sort;
    if (partition === undefined) {
      partition = await nextPartition(table, sources, after);
      if (partition === undefined) break;
    }
    const rows = await sources.range({
      table,
      partition,
      limit: limit - found.length,
      ...(from === undefined ? {} : { from: successor(from) }),
    });
    for (const row of rows) found.push({ ...row, partition });
    after = { partition };
  }
  return found;
}

/** The next partition that has rows or blocks. */
export async function nextPartition(
  table: TableSpec,
  { tables, blockTable, atOnce }: Omit<PackedSources, "range">,
  after: TableScan["after"],
): Promise<Key | undefined> {
  const next = after === undefined ? {} : { after };
  const [[row], [block]] = await atOnce(() =>
    Promise.all([
      tables.scanTable({ table, ...next, limit: 1 }),
      tables.scanTable({ table: blockTable, ...next, limit: 1 }),
    ]),
  );
  if (row === undefined || block === undefined) return (row ?? block)?.partition;
  return encodeTuple(row.partition) <= encodeTuple(block.partition) ? row.partition : block.partition;
}
