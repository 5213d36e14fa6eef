/** The tail of a partition: everything after its last full block. It is what can be packed better than it is. */
import type { Key, Tables, TableSpec } from "../tables.js";
import type { Block } from "./block.js";
import type { BlockReader } from "./block-reader.js";
import { mergedRows } from "./merge-span.js";
import { BLOCK_BYTES_MAX, BLOCK_ROWS_MAX } from "./packing.js";
import { mergeRun, type Run, RUN_ROWS_MAX } from "./run.js";

/** A block of so many rows, or bytes, is left as it is. */
export const FULL_ROWS = BLOCK_ROWS_MAX / 2;
const FULL_BYTES = BLOCK_BYTES_MAX / 2;
const PAGE_BLOCKS = 16;

/** Reads the tail of a partition, or the first part of it that is whole. */
export async function readTail(
  {
    tables,
    reader,
    nowMs,
  }: { readonly tables: Tables; readonly reader: BlockReader; readonly nowMs: number },
  table: TableSpec,
  partition: Key,
): Promise<Run> {
  const { from, blocks } = await shortBlocks(reader, table, partition);
  if (table.hasExpiry === true) {
    // An engine does not tell when a row expires. Rows of such tables do not stay for long anyway.
    const span = { beside: [], blocks, from, before: Infinity, nowMs, isDescending: false };
    return { rows: [...mergedRows(span)], blocks, beside: [], before: Infinity };
  }
  return mergeRun({ tables, nowMs }, { table, partition }, { from, end: Infinity, blocks });
}

/** The blocks after the last full one, ascending, and the number from which on there are no others. */
export async function shortBlocks(
  reader: BlockReader,
  table: TableSpec,
  partition: Key,
): Promise<{ readonly from: number; readonly blocks: readonly Block[] }> {
  const blocks: Block[] = [];
  let rows = 0;
  for (let before = Infinity; ; before = blocks.at(-1)!.first) {
    const page = await reader.below(table, partition, { from: 0, before, limit: PAGE_BLOCKS });
    for (const block of page) {
      // What has gone cold is not packed with what has not.
      const isEnd = isFull(block) || block.cold !== undefined || rows >= RUN_ROWS_MAX;
      if (isEnd) return { from: block.last + 1, blocks: blocks.toReversed() };
      blocks.push(block);
      rows += block.count;
    }
    if (page.length < PAGE_BLOCKS) return { from: 0, blocks: blocks.toReversed() };
  }
}

function isFull({ count, bytes }: Block): boolean {
  return count >= FULL_ROWS || bytes >= FULL_BYTES;
}
