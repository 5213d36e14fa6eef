/** Rows of a partition of a packed table that follow each other, and what holds them. */
import { crc32 } from "node:zlib";
import { encodeTuple } from "../key-encoding.js";
import type { Key, Row, Tables, TableSpec, Write } from "../tables.js";
import type { Block, PackedRow } from "./block.js";
import { bounds } from "./block-reader.js";
import { mergedRows } from "./merge-span.js";
import { numberOf } from "./stored-keys.js";

/** What is read at a time: a few milliseconds of work. */
export const RUN_ROWS_MAX = 2_000;

export interface Run {
  /** Ascending, as they are read; none has expired. */
  readonly rows: readonly PackedRow[];
  /** What holds them now. */
  readonly blocks: readonly Block[];
  readonly beside: readonly Row[];
  /** It holds everything below this number; Infinity when that is the whole rest of the partition. */
  readonly before: number;
}

/** The blocks of a span, loaded: all that end at `from` or later, and begin before `end`. */
export interface BlocksOfSpan {
  readonly from: number;
  readonly end: number;
  readonly blocks: readonly Block[];
}

/** Reads what lies beside the blocks of a span, and merges: the span, or the first part of it that is whole. */
export async function mergeRun(
  { tables, nowMs }: { readonly tables: Tables; readonly nowMs: number },
  place: { readonly table: TableSpec; readonly partition: Key },
  span: BlocksOfSpan,
): Promise<Run> {
  const run = await unreadRun(tables, place, span);
  return { ...run, rows: [...mergedRows({ ...run, from: span.from, nowMs, isDescending: false })] };
}

/** The same without its rows: what holds them need not be loaded. */
export async function unreadRun(
  tables: Tables,
  { table, partition }: { readonly table: TableSpec; readonly partition: Key },
  { from, end, blocks }: BlocksOfSpan,
): Promise<Run> {
  const found = await tables.range({ table, partition, ...bounds(from, end), limit: RUN_ROWS_MAX });
  const before = found.length < RUN_ROWS_MAX ? end : certainUpTo(found, blocks);
  return cutRun({ rows: [], blocks, beside: found, before: end }, before);
}

/** The part of a run that lies below a number which no block reaches across. */
export function cutRun({ rows, blocks, beside }: Run, before: number): Run {
  return {
    rows: rows.filter(({ number }) => number < before),
    blocks: blocks.filter(({ last }) => last < before),
    beside: beside.filter(({ sort }) => numberOf(sort) < before),
    before,
  };
}

/** What takes away all that holds a run. */
export function removalsOf(
  { table, blockTable }: { readonly table: TableSpec; readonly blockTable: TableSpec },
  { blocks, beside }: Pick<Run, "blocks" | "beside">,
): readonly Write[] {
  return [
    ...blocks.map(({ last }): Write => ({ kind: "delete", table: blockTable, sort: [last] })),
    ...beside.map(({ sort }): Write => ({ kind: "delete", table, sort })),
  ];
}

/** Names what holds the rows of a run: when it is the same later, so are the rows. */
export function printOf({ blocks, beside }: Pick<Run, "blocks" | "beside">): string {
  const blockPrints = blocks.map(({ last, checksum }) => `${last}:${checksum}`);
  const besidePrints = beside.map(({ sort, value }) => `${encodeTuple(sort)}:${crc32(value)}`);
  return `${blockPrints.join()}|${besidePrints.join()}`;
}

/** When rows beside the blocks go on after those found, only what lies below the last of these is known; and no block is cut. */
function certainUpTo(found: readonly Row[], blocks: readonly Block[]): number {
  const last = numberOf(found.at(-1)!.sort);
  const cut = blocks.find((block) => block.last >= last);
  return Math.min(last, cut?.first ?? last);
}
