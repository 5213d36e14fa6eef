/**
 * Reads packed tables as if their rows were rows.
 *
 *   range ◄─ merge ◄─ rows and marks, blocks; of cold blocks only so many are fetched as a page needs
 */
import { failureCode, type Clock } from "@parley/base";
import { isExpired } from "../stored-value.js";
import type { Key, RangeQuery, Row, RowKey, ScannedRow, Tables, TableScan, TableSpec } from "../tables.js";
import type { Block } from "./block.js";
import { type BlockReader, type BlockSpan, bounds } from "./block-reader.js";
import { mergedRows, type SpanSources } from "./merge-span.js";
import type { Moves } from "./moves.js";
import { nextPartition, type PackedSources, scanPacked } from "./scan-packed.js";
import { leastNumber, markOf, numberOf } from "./stored-keys.js";

/** A row and its mark come together, so that a page that ends with a mark still gets on. */
const PAGE_ROWS_MIN = 2;
/** Blocks asked for at first: two full ones hold a page, but the newest ones are shorter. */
const FIRST_BLOCKS = 6;
/** An object of the cold tier that is gone was replaced by another one a moment ago, or it is lost. */
const COLD_ATTEMPTS = 3;

export interface PackedReaderOptions {
  readonly tables: Tables;
  readonly blocks: BlockReader;
  readonly moves: Moves;
  readonly clock: Clock;
}

export class PackedReader {
  readonly #options: PackedReaderOptions;

  constructor(options: PackedReaderOptions) {
    this.#options = options;
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const beside = await this.#options.tables.findMany(table, [
      ...keys,
      ...keys.map(({ partition, sort }) => ({ partition, sort: markOf(numberOf(sort)) })),
    ]);
    return Promise.all(
      keys.map(async ({ partition, sort }, index) => {
        const own = beside[index];
        if (own !== undefined || beside[keys.length + index] !== undefined) return own;
        return certain(() => this.#findPacked(table, partition, numberOf(sort)));
      }),
    );
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let from = leastNumber(query.from, 0);
    let before = leastNumber(query.before, Infinity);
    const read = { rows, blocks: 0, packedRows: 0 };
    while (rows.length < query.limit && from < before) {
      const span = { from, before, limit: query.limit - rows.length };
      if (query.isDescending === true) before = await certain(() => this.#readDown(query, span, read));
      else from = await certain(() => this.#readUp(query, span, read));
    }
    return rows;
  }

  async scan(scan: TableScan): Promise<readonly ScannedRow[]> {
    return scanPacked(scan, { ...this.#sources(scan.table), range: (query) => this.range(query) });
  }

  /** The partition of a packed table that follows another, or the first one, packed or not. */
  async nextPartition(table: TableSpec, after: Key | undefined): Promise<Key | undefined> {
    return nextPartition(table, this.#sources(table), after === undefined ? undefined : { partition: after });
  }

  #sources(table: TableSpec): Omit<PackedSources, "range"> {
    const { tables, blocks, moves } = this.#options;
    return { tables, blockTable: blocks.tableOf(table), atOnce: (read) => moves.atOnce(read) };
  }

  async #findPacked(table: TableSpec, partition: Key, number: number): Promise<Uint8Array | undefined> {
    const { blocks, clock } = this.#options;
    const [block] = await blocks.from(table, partition, number, 1);
    if (block === undefined || block.first > number) return undefined;
    await blocks.load(table, partition, [block]);
    const row = block.find(number);
    return row === undefined || isExpired(row.expiresAtMs, clock.nowMs()) ? undefined : row.value;
  }

  /** Reads what of a span is certain, appends it to the rows, and returns where to go on. */
  async #readUp(
    { table, partition }: RangeQuery,
    { from, before, limit }: BlockSpan,
    read: SoFar,
  ): Promise<number> {
    const { tables, blocks: reader, moves, clock } = this.#options;
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const [beside, found] = await moves.atOnce(() =>
      Promise.all([
        tables.range({ table, partition, ...bounds(from, before), limit: pageRows }),
        reader.from(table, partition, from, blocksMax),
      ]),
    );
    const blocks = enough(found, limit);
    const isAll = blocks.length === found.length && found.length < blocksMax;
    const besideEnd = beside.length < pageRows ? before : numberOf(beside.at(-1)!.sort) + 1;
    const blocksEnd = isAll ? before : blocks.at(-1)!.last + 1;
    const end = Math.min(before, besideEnd, blocksEnd);
    const within = blocks.filter(({ first }) => first < end);
    await reader.load(table, partition, within);
    count(found, read);
    const span = { beside, blocks: within, from, before: end, nowMs: clock.nowMs(), isDescending: false };
    return take(span, limit, read.rows) ? before : end;
  }

  async #readDown(
    { table, partition }: RangeQuery,
    { from, before, limit }: BlockSpan,
    read: SoFar,
  ): Promise<number> {
    const { tables, blocks: reader, moves, clock } = this.#options;
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const range = { table, partition, ...bounds(from, before), limit: pageRows, isDescending: true };
    const [beside, found, across] = await moves.atOnce(() =>
      Promise.all([
        tables.range(range),
        reader.below(table, partition, { from, before, limit: blocksMax }),
        before === Infinity ? [] : reader.from(table, partition, before, 1),
      ]),
    );
    const below = enough(found, limit);
    const isAll = below.length === found.length && found.length < blocksMax;
    const lowest = beside.at(-1)?.sort ?? [];
    // A mark comes before its row on the way down: the row may be on the next page.
    const besideStart = beside.length < pageRows ? from : numberOf(lowest) + (lowest.length > 1 ? 1 : 0);
    const blocksStart = isAll ? from : below.at(-1)!.first;
    const start = Math.max(from, besideStart, blocksStart);
    const blocks = [...below.toReversed(), ...across.filter(({ first }) => first < before)];
    const within = blocks.filter(({ last }) => last >= start);
    await reader.load(table, partition, within);
    count(found, read);
    const sources = { beside: beside.toReversed(), blocks: within, from: start, before };
    const span = { ...sources, nowMs: clock.nowMs(), isDescending: true };
    return take(span, limit, read.rows) ? from : start;
  }
}

/** What a range has read so far. */
interface SoFar {
  readonly rows: Row[];
  blocks: number;
  packedRows: number;
}

/** Reads again when an object of the cold tier was replaced while it was being asked for. */
async function certain<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (failureCode(error) !== "cold-missing" || attempt === COLD_ATTEMPTS) throw error;
    }
  }
}

/** As many of the blocks as a page may need, when others would have to be fetched for nothing. */
function enough(blocks: readonly Block[], rows: number): readonly Block[] {
  let packed = 0;
  let needed = 0;
  while (needed < blocks.length && (packed < rows || blocks[needed]!.isLoaded))
    packed += blocks[needed++]!.count;
  return blocks.slice(0, needed);
}

/** As many blocks as hold so many rows when they are like those before, and one for where they do not begin there. */
function blocksFor(rows: number, { blocks, packedRows }: SoFar): number {
  if (blocks === 0) return FIRST_BLOCKS;
  return Math.ceil((rows * blocks) / packedRows) + 1;
}

function count(blocks: readonly Block[], read: SoFar): void {
  read.blocks += blocks.length;
  for (const block of blocks) read.packedRows += block.count;
}

/** Appends at most `limit` rows of a span. Returns whether there were so many. */
function take(span: SpanSources, limit: number, rows: Row[]): boolean {
  const full = rows.length + limit;
  for (const { number, value } of mergedRows(span)) {
    rows.push({ sort: [number], value });
    if (rows.length === full) return true;
  }
  return false;
}
