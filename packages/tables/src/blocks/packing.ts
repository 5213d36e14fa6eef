/**
 * Which rows of a batch become blocks. A run of new rows that is long enough is hot: it leaves as blocks. The rows of a cold
 * prefix stay rows, for a block of few saves nothing.
 */
import type { PackedRow } from "./block.js";

/** A shorter run is not worth a block: it saves the seals and keys of the others, and little by compression. */
export const BLOCK_ROWS_MIN = 4;
/** A page of a chat is 50 rows: one block serves it, or two. */
export const BLOCK_ROWS_MAX = 128;
/** What is unpacked to read one row, at most, unless one row alone is larger. */
export const BLOCK_BYTES_MAX = 64 * 1024;

/** Cuts rows, ascending, into blocks of about the same size. */
export function cutIntoBlocks(
  rows: readonly PackedRow[],
  rowsMax: number = BLOCK_ROWS_MAX,
  bytesMax: number = BLOCK_BYTES_MAX,
): readonly (readonly PackedRow[])[] {
  const blockCount = Math.ceil(rows.length / rowsMax);
  const rowsEach = Math.ceil(rows.length / Math.max(1, blockCount));
  const blocks: PackedRow[][] = [];
  let block: PackedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (block.length > 0 && (block.length === rowsEach || bytes + row.value.length > bytesMax)) {
      blocks.push(block);
      block = [];
      bytes = 0;
    }
    block.push(row);
    bytes += row.value.length;
  }
  if (block.length > 0) blocks.push(block);
  return blocks;
}
