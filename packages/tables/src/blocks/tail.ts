/** The tail of a partition: everything after its last full block. It is what can be packed better than it is. */
import type { Key, Row, Tables, TableSpec } from "../tables.js";
import type { Block, PackedRow } from "./block-format.js";
import type { BlockReader } from "./block-reader.js";
import { mergedRows } from "./merge-span.js";
import { BLOCK_BYTES_MAX, BLOCK_ROWS_MAX } from "./packing.js";
import { numberOf } from "./stored-keys.js";

/** A block of so many rows, or bytes, is left as it is. */
export const FULL_ROWS = BLOCK_ROWS_MAX / 2;
const FULL_BYTES = BLOCK_BYTES_MAX / 2;
const PAGE_BLOCKS = 16;
/** What is packed together at a time: a few milliseconds during which nobody writes packed rows. */
const ROWS_MAX = 2_000;

export interface Tail {
  /** Ascending, as they are read; none has expired. */
  readonly rows: readonly PackedRow[];
  /** What holds them now. */
  readonly blocks: readonly Block[];
  readonly beside: readonly Row[];
}

/** Reads the tail of a partition, or the first part of it that is whole. */
export async function readTail(
  {
    tables,
    reader,
    nowMs,
  }: { readonly tables: Tables; readonly reader: BlockReader; readonly nowMs: number },
  table: TableSpec,
  partition: Key,
): Promise<Tail> {
  const { from, blocks } = await shortBlocks(reader, table, partition);
  // An engine does not tell when a row expires. Rows of such tables do not stay for long anyway.
  const found =
    table.hasExpiry === true ? [] : await tables.range({ table, partition, from: [from], limit: ROWS_MAX });
  const before = found.length < ROWS_MAX ? Infinity : certainUpTo(found, blocks);
  const beside = found.filter(({ sort }) => numberOf(sort) < before);
  const whole = blocks.filter(({ last }) => last < before);
  const sources = { beside, blocks: whole, from, before, nowMs, isDescending: false };
  return { rows: [...mergedRows(sources)], blocks: whole, beside };
}

/** When rows beside the blocks go on after those found, only what lies below the last of these is known; and no block is cut. */
function certainUpTo(found: readonly Row[], blocks: readonly Block[]): number {
  const last = numberOf(found.at(-1)!.sort);
  const cut = blocks.find((block) => block.last >= last);
  return Math.min(last, cut?.first ?? last);
}

/** The blocks after the last full one, ascending, and the number from which on there are no others. */
async function shortBlocks(
  reader: BlockReader,
  table: TableSpec,
  partition: Key,
): Promise<{ readonly from: number; readonly blocks: readonly Block[] }> {
  const blocks: Block[] = [];
  let rows = 0;
  for (let before = Infinity; ; before = blocks.at(-1)!.first) {
    const page = await reader.below(table, partition, { from: 0, before, limit: PAGE_BLOCKS });
    for (const block of page) {
      if (isFull(block) || rows >= ROWS_MAX) return { from: block.last + 1, blocks: blocks.toReversed() };
      blocks.push(block);
      rows += block.count;
    }
    if (page.length < PAGE_BLOCKS) return { from: 0, blocks: blocks.toReversed() };
  }
}

function isFull({ count, bytes }: Block): boolean {
  return count >= FULL_ROWS || bytes >= FULL_BYTES;
}
