/**
 * Compares an index with the rows of its table, both ways, in chunks between which writes go on: each chunk is right in
 * itself, and what is written between two chunks is maintained like everything else.
 */
import { isExpired } from "../stored-value.js";
import type { Key, RowKey, ScannedRow } from "../tables.js";
import { checkPresent, type IndexAccess, type IndexWork } from "./index-work.js";
import { type IndexRow, isSameBytes, isSameKey, type LocalIndex, rowSortOf } from "./local-index.js";

/** How many of what is wrong is named. */
const EXAMPLES_MAX = 10;

export interface Verification {
  readonly rows: number;
  readonly entries: number;
  /** Entries that a row should have and the index has not. */
  readonly missing: number;
  /** Entries without a row that should have them. */
  readonly extra: number;
  /** Entries that include something else than they should. */
  readonly different: number;
  /** Some of what is wrong, at most ten. */
  readonly examples: readonly WrongEntry[];
}

export interface WrongEntry {
  readonly what: "missing" | "extra" | "different";
  readonly partition: Key;
  /** The entry's place in the index. */
  readonly place: Key;
}

/** Errors: "index-dropped"; "tables-closed"; those of the engine. Cost: memory for one chunk. */
export async function verifyIndex(
  index: LocalIndex,
  access: IndexAccess,
  work: IndexWork,
): Promise<Verification> {
  const { generation } = index.state;
  const found = { rows: 0, entries: 0, missing: 0, extra: 0, different: 0, examples: [] as WrongEntry[] };
  const report = (what: WrongEntry["what"], partition: Key, place: Key): void => {
    found[what] += 1;
    if (found.examples.length < EXAMPLES_MAX) found.examples.push({ what, partition, place });
  };
  const walk = async (
    isRows: boolean,
    look: (chunk: readonly ScannedRow[]) => Promise<void>,
  ): Promise<void> => {
    let after: RowKey | undefined;
    for (let isDone = false; !isDone;) {
      isDone = await access.chunk(work, async (rowsMax) => {
        checkPresent(index, generation);
        const table = isRows ? index.table : index.rows;
        const chunk = await access.tables.scanTable({
          table,
          limit: rowsMax,
          ...(after === undefined ? {} : { after }),
        });
        await look(chunk);
        const last = chunk.at(-1);
        if (last !== undefined) after = { partition: last.partition, sort: last.sort };
        return chunk.length < rowsMax;
      });
      const done = found.rows + found.entries;
      work.onProgress?.({ table: index.table.name, index: index.spec.name, step: "verifying", done });
    }
  };
  const isGone = ({ expiresAtMs }: ScannedRow): boolean => isExpired(expiresAtMs, access.clock.nowMs());

  await walk(true, async (rows) => {
    found.rows += rows.length;
    const expected = rows.flatMap((row) => index.rowsOf(row).map((entry) => ({ row, entry })));
    const stored = await access.tables.findMany(
      index.rows,
      expected.map(({ row, entry }) => ({ partition: row.partition, sort: entry.sort })),
    );
    for (const [position, { row, entry }] of expected.entries()) {
      const value = stored[position];
      // An entry expires with its row, which may be just now.
      if (value === undefined && !isGone(row)) report("missing", row.partition, entry.sort);
      if (value !== undefined && !isSameBytes(value, entry.value))
        report("different", row.partition, entry.sort);
    }
  });
  await walk(false, async (entries) => {
    found.entries += entries.length;
    const places = entries.map(({ partition, sort }) => ({ partition, sort: rowSortOf(index.spec, sort) }));
    const rows = await access.tables.findMany(index.table, places);
    for (const [position, entry] of entries.entries()) {
      const value = rows[position];
      const right: readonly IndexRow[] =
        value === undefined ? [] : index.rowsOf({ sort: places[position]!.sort, value });
      const isRight = right.some(({ sort }) => isSameKey(sort, entry.sort));
      if (!isRight && !isGone(entry)) report("extra", entry.partition, entry.sort);
    }
  });
  return found;
}
