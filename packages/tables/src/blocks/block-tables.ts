/**
 * Packs runs of new rows of hot partitions into blocks, and lets readers not notice.
 *
 *   write ─► runs of new rows ─► blocks ─┐
 *            all other writes ───────────┴─► engine, still one batch for each partition
 *   range ◄─ merge ◄─ rows and marks, blocks (unpacked ones are kept)
 *
 * A row that lies in a block can still be changed or deleted: a row or a mark beside the block hides it.
 *
 * Invariants:
 *   1. What a batch says to one partition goes out as one batch: a crash leaves a row in its block or nowhere.
 *   2. Blocks of one partition do not overlap: `isNew` rows come in the order of their numbers.
 *   3. A row beside the blocks is newer than the same row within one.
 */
import { crc32 } from "node:zlib";
import { assert, Failure, LruMap, type Clock, type Scheduler } from "@parley/base";
import { encodePartition, encodeTuple } from "../key-encoding.js";
import { isExpired } from "../stored-value.js";
import type { AppendRows, Batch, Key, RangeQuery, Row, Tables, TableSpec, Write } from "../tables.js";
import { type Block, decodeBlock, encodeBlock, type PackedRow } from "./block-format.js";
import { mergeSpan } from "./merge-span.js";
import { BLOCK_ROWS_MAX, BLOCK_ROWS_MIN, cutIntoBlocks } from "./packing.js";
import { blockTableOf, leastNumber, markOf, numberOf } from "./stored-keys.js";

/** Blocks made without letting others run: about two milliseconds. */
const BLOCKS_PER_TURN = 16;
/** Unpacked blocks kept, of 64 KiB at most each. Whoever pages through a history meets each block several times. */
const BLOCKS_KEPT_MAX = 256;
/** A row and its mark come together, so that a page that ends with a mark still gets on. */
const PAGE_ROWS_MIN = 2;
const MARK_VALUE = new Uint8Array(0);

export interface BlockTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** A block as it was when it had this checksum and length; another of the same key is read afresh. */
interface KeptBlock {
  readonly checksum: number;
  readonly length: number;
  readonly block: Block;
}

export interface BlockStats {
  /** Rows of packed tables that were written as new, and how many of them left in blocks. */
  readonly newRows: number;
  readonly packedRows: number;
  readonly blocks: number;
  /** Bytes of the values before and after packing. */
  readonly plainBytes: number;
  readonly blockBytes: number;
}

export class BlockTables implements Tables {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #blockTables = new Map<string, TableSpec>();
  readonly #kept = new LruMap<string, KeptBlock>();
  readonly #stats = { newRows: 0, packedRows: 0, blocks: 0, plainBytes: 0, blockBytes: 0 };

  constructor({ tables, clock, scheduler }: BlockTablesOptions) {
    this.#tables = tables;
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  get stats(): BlockStats {
    return { ...this.#stats };
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    if (table.isPacked !== true) return this.#tables.find(table, partition, sort);
    const [value] = await this.findMany(table, [{ partition, sort }]);
    return value;
  }

  async findMany(
    table: TableSpec,
    keys: readonly { readonly partition: Key; readonly sort: Key }[],
  ): Promise<readonly (Uint8Array | undefined)[]> {
    if (table.isPacked !== true || keys.length === 0) return this.#tables.findMany(table, keys);
    const beside = await this.#tables.findMany(table, [
      ...keys,
      ...keys.map(({ partition, sort }) => ({ partition, sort: markOf(numberOf(sort)) })),
    ]);
    return Promise.all(
      keys.map(async ({ partition, sort }, index) => {
        const own = beside[index];
        if (own !== undefined || beside[keys.length + index] !== undefined) return own;
        const number = numberOf(sort);
        const [block] = await this.#blocksFrom(table, partition, { from: number, limit: 1 });
        const row = block === undefined || block.first > number ? undefined : block.find(number);
        return row === undefined || isExpired(row.expiresAtMs, this.#clock.nowMs()) ? undefined : row.value;
      }),
    );
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    if (query.table.isPacked !== true) return this.#tables.range(query);
    const rows: Row[] = [];
    let from = leastNumber(query.from, 0);
    let before = leastNumber(query.before, Infinity);
    const read = { rows, blocks: 0, packedRows: 0 };
    while (rows.length < query.limit && from < before) {
      const limit = query.limit - rows.length;
      if (query.isDescending === true) before = await this.#readDown(query, { from, before, limit }, read);
      else from = await this.#readUp(query, { from, before, limit }, read);
    }
    return rows;
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    const packed: Batch[] = [];
    let blocks = 0;
    for (const batch of batches) {
      packed.push(this.#pack(batch));
      if (this.#stats.blocks - blocks < BLOCKS_PER_TURN) continue;
      blocks = this.#stats.blocks;
      await new Promise<void>((resolve) => {
        this.#scheduler.soon(resolve);
      });
    }
    await this.#tables.write(packed, options);
  }

  async appendRows(request: AppendRows): Promise<number> {
    assert(request.table.isPacked !== true, "the writer of a packed table numbers its rows");
    return this.#tables.appendRows(request);
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }

  /** Reads what of a span is certain, appends it to the rows, and returns where to go on. */
  async #readUp(
    { table, partition }: RangeQuery,
    { from, before, limit }: Span,
    read: SoFar,
  ): Promise<number> {
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const [beside, blocks] = await Promise.all([
      this.#tables.range({ table, partition, ...bounds(from, before), limit: pageRows }),
      this.#blocksFrom(table, partition, { from, limit: blocksMax }),
    ]);
    const besideEnd = beside.length < pageRows ? before : numberOf(beside.at(-1)!.sort) + 1;
    const blocksEnd = blocks.length < blocksMax ? before : blocks.at(-1)!.last + 1;
    const end = Math.min(before, besideEnd, blocksEnd);
    count(blocks, read);
    const nowMs = this.#clock.nowMs();
    const isFull = mergeSpan(
      { beside, blocks, from, before: end, limit, nowMs, isDescending: false },
      read.rows,
    );
    return isFull ? before : end;
  }

  async #readDown(
    { table, partition }: RangeQuery,
    { from, before, limit }: Span,
    read: SoFar,
  ): Promise<number> {
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const [beside, below, across] = await Promise.all([
      this.#tables.range({ table, partition, ...bounds(from, before), limit: pageRows, isDescending: true }),
      this.#blocksBelow(table, partition, { from, before, limit: blocksMax }),
      before === Infinity ? [] : this.#blocksFrom(table, partition, { from: before, limit: 1 }),
    ]);
    const lowest = beside.at(-1)?.sort ?? [];
    // A mark comes before its row on the way down: the row may be on the next page.
    const besideStart = beside.length < pageRows ? from : numberOf(lowest) + (lowest.length > 1 ? 1 : 0);
    const blocksStart = below.length < blocksMax ? from : below.at(-1)!.first;
    const start = Math.max(from, besideStart, blocksStart);
    count(below, read);
    const blocks = [...below.toReversed(), ...across.filter(({ first }) => first < before)];
    const nowMs = this.#clock.nowMs();
    const span = {
      beside: beside.toReversed(),
      blocks,
      from: start,
      before,
      limit,
      nowMs,
      isDescending: true,
    };
    return mergeSpan(span, read.rows) ? from : start;
  }

  /** Blocks from the first one that ends at `from` or later. */
  #blocksFrom(
    table: TableSpec,
    partition: Key,
    { from, limit }: { readonly from: number; readonly limit: number },
  ): Promise<readonly Block[]> {
    return this.#blocks(table, { table: this.#blockTable(table), partition, from: [from], limit });
  }

  /** Blocks that end in a span, the last first. */
  #blocksBelow(table: TableSpec, partition: Key, { from, before, limit }: Span): Promise<readonly Block[]> {
    const span = { ...bounds(from, before), limit, isDescending: true };
    return this.#blocks(table, { table: this.#blockTable(table), partition, ...span });
  }

  async #blocks(table: TableSpec, query: RangeQuery): Promise<readonly Block[]> {
    const stored = await this.#tables.range(query);
    const prefix = stored.length === 0 ? "" : encodePartition(query.table, query.partition);
    return stored.map(({ sort, value }) => {
      const block = this.#decoded(prefix + encodeTuple(sort), value);
      if (block.last !== numberOf(sort))
        throw corrupt(table, "A block lies under another number than its last one.");
      return block;
    });
  }
  #decoded(key: string, value: Uint8Array): Block {
    const checksum = crc32(value);
    const kept = this.#kept.find(key);
    if (kept !== undefined && kept.checksum === checksum && kept.length === value.length) return kept.block;
    const block = decodeBlock(value);
    this.#kept.put(key, { checksum, length: value.length, block });
    this.#kept.cutTo(BLOCKS_KEPT_MAX);
    return block;
  }

  /** A batch as the engine gets it. */
  #pack(batch: Batch): Batch {
    if (!batch.writes.some(({ table }) => table.isPacked === true)) return batch;
    const writes: Write[] = [];
    const runs = new Map<TableSpec, PackedRow[]>();
    for (const write of batch.writes) {
      const { table } = write;
      if (table.isPacked !== true) writes.push(write);
      else if (write.kind === "put" && write.isNew === true) addTo(runs, table, write);
      else writes.push(...besideWrites(write));
    }
    const blocks: Write[] = [];
    for (const [table, rows] of runs) this.#packRun(table, rows, blocks);
    // Before the others: what changes a row that is new in the same batch comes after it.
    return { partition: batch.partition, writes: [...blocks, ...writes] };
  }

  #packRun(table: TableSpec, rows: PackedRow[], writes: Write[]): void {
    this.#stats.newRows += rows.length;
    if (rows.length < BLOCK_ROWS_MIN) {
      for (const { number, value, expiresAtMs } of rows) {
        writes.push({ kind: "put", table, sort: [number], value, isNew: true, ...expiring(expiresAtMs) });
      }
      return;
    }
    for (const run of cutIntoBlocks(ascending(rows))) {
      const value = encodeBlock(run);
      writes.push({
        kind: "put",
        table: this.#blockTable(table),
        sort: [run.at(-1)!.number],
        value,
        isNew: true,
        ...expiring(lastExpiry(run)),
      });
      this.#stats.blocks += 1;
      this.#stats.packedRows += run.length;
      this.#stats.blockBytes += value.length;
      this.#stats.plainBytes += run.reduce((sum, row) => sum + row.value.length, 0);
    }
  }

  #blockTable(table: TableSpec): TableSpec {
    let found = this.#blockTables.get(table.name);
    if (found === undefined) {
      found = blockTableOf(table);
      this.#blockTables.set(table.name, found);
    }
    return found;
  }
}

interface Span {
  readonly from: number;
  /** Exclusive; Infinity when there is no bound. */
  readonly before: number;
  readonly limit: number;
}

function bounds(from: number, before: number): { readonly from: Key; readonly before?: Key } {
  return before === Infinity ? { from: [from] } : { from: [from], before: [before] };
}

/** What a range has read so far. */
interface SoFar {
  readonly rows: Row[];
  blocks: number;
  packedRows: number;
}

/** As many blocks as hold so many rows when they are like those before, or full; and one for where they do not begin there. */
function blocksFor(rows: number, { blocks, packedRows }: SoFar): number {
  const rowsEach = blocks === 0 ? BLOCK_ROWS_MAX : packedRows / blocks;
  return Math.ceil(rows / rowsEach) + 1;
}

function count(blocks: readonly Block[], read: SoFar): void {
  read.blocks += blocks.length;
  for (const block of blocks) read.packedRows += block.count;
}

function addTo(runs: Map<TableSpec, PackedRow[]>, table: TableSpec, write: Write & { kind: "put" }): void {
  const row = { number: numberOf(write.sort), value: write.value, expiresAtMs: write.expiresAtMs };
  const run = runs.get(table);
  if (run === undefined) runs.set(table, [row]);
  else run.push(row);
}

/** A change of a row that may lie in a block. */
function besideWrites(write: Write): readonly Write[] {
  const { table, sort } = write;
  const mark = markOf(numberOf(sort));
  if (write.kind === "delete") return [write, { kind: "put", table, sort: mark, value: MARK_VALUE }];
  // Without a mark, the row in the block would come back when this one expires.
  if (write.expiresAtMs !== undefined) return [write, { kind: "put", table, sort: mark, value: MARK_VALUE }];
  return [write, { kind: "delete", table, sort: mark }];
}

/** The last write to a number counts. */
function ascending(rows: readonly PackedRow[]): readonly PackedRow[] {
  const isAscending = rows.every((row, index) => index === 0 || row.number > rows[index - 1]!.number);
  if (isAscending) return rows;
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return [...byNumber.values()].toSorted((one, other) => one.number - other.number);
}

/** When the last row of a block is gone, so is the block. */
function lastExpiry(rows: readonly PackedRow[]): number | undefined {
  let last = 0;
  for (const { expiresAtMs } of rows) {
    if (expiresAtMs === undefined) return undefined;
    last = Math.max(last, expiresAtMs);
  }
  return last;
}

function expiring(expiresAtMs: number | undefined): { readonly expiresAtMs?: number } {
  return expiresAtMs === undefined ? {} : { expiresAtMs };
}

function corrupt(table: TableSpec, what: string): Failure {
  return new Failure("tables-corrupt", `${table.name}: ${what} Restore the data directory from a backup.`);
}
