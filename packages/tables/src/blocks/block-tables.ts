/**
 * Packs runs of new rows of hot partitions into blocks, and lets readers not notice.
 *
 *   write ─► runs of new rows ─► blocks ─┐
 *            all other writes ───────────┴─► engine, still one batch for each partition
 *   range ◄─ merge ◄─ rows and marks, blocks (unpacked ones are kept)
 *
 * In the background the packer puts short blocks and single rows of a partition together into full blocks.
 *
 * A row that lies in a block can still be changed or deleted: a row or a mark beside the block hides it.
 *
 * Invariants:
 *   1. What a batch says to one partition goes out as one batch: a crash leaves a row in its block or nowhere.
 *   2. Blocks of one partition do not overlap: `isNew` rows come in the order of their numbers.
 *   3. A row beside the blocks is newer than the same row within one.
 */
import { assert, type Clock, type Logger, type Scheduler, TaskQueue, turn } from "@parley/base";
import { Pauses } from "../pauses.js";
import { isExpired } from "../stored-value.js";
import type {
  AppendRows,
  Batch,
  Key,
  RangeQuery,
  Row,
  RowKey,
  ScannedRow,
  Tables,
  TableScan,
  TableSpec,
  Write,
} from "../tables.js";
import { type Block, type Density, encodeBlock, type PackedRow } from "./block-format.js";
import { BlockReader, type BlockSpan, bounds } from "./block-reader.js";
import { mergedRows, type SpanSources } from "./merge-span.js";
import { packAll, type PackWork } from "./pack-all.js";
import { Packer, type Place } from "./packer.js";
import { BLOCK_ROWS_MIN, cutIntoBlocks } from "./packing.js";
import { nextPartition, type PackedSources, scanPacked } from "./scan-packed.js";
import { leastNumber, markOf, numberOf } from "./stored-keys.js";
import { FULL_ROWS, readTail } from "./tail.js";

/** Blocks made without letting others run: about two milliseconds. */
const BLOCKS_PER_TURN = 16;
/** A row and its mark come together, so that a page that ends with a mark still gets on. */
const PAGE_ROWS_MIN = 2;
/** Blocks asked for at first: two full ones hold a page, but the newest ones are shorter. */
const FIRST_BLOCKS = 6;
const MARK_VALUE = new Uint8Array(0);

export interface BlockTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export interface BlockStats {
  /** Rows of packed tables that were written as new, and how many of them left in blocks. */
  readonly newRows: number;
  readonly packedRows: number;
  readonly blocks: number;
  /** Bytes of the values before and after packing. */
  readonly plainBytes: number;
  readonly blockBytes: number;
  /** Rows that were packed together later, out of short blocks and single rows. */
  readonly repackedRows: number;
  /** Blocks read that were kept unpacked, and those that were not. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

export class BlockTables implements Tables {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #reader: BlockReader;
  readonly #stats = { newRows: 0, packedRows: 0, blocks: 0, plainBytes: 0, blockBytes: 0, repackedRows: 0 };
  readonly #packer: Packer;
  readonly #pauses: Pauses;
  readonly #packingAll = new Set<Promise<unknown>>();
  /** Writes of packed rows: what reads before it writes must see all that was written before, and nobody may write in between. */
  readonly #writes = new TaskQueue();
  /** How often rows were moved into other blocks, and whether that is going on. */
  #moves = 0;
  #isMoving = false;

  constructor({ tables, clock, scheduler, logger }: BlockTablesOptions) {
    this.#tables = tables;
    this.#reader = new BlockReader(tables);
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#pauses = new Pauses(scheduler);
    this.#packer = new Packer({ clock, scheduler, logger, pack: (places) => this.#pack(places) });
  }

  get stats(): BlockStats {
    return { ...this.#stats, cacheHits: this.#reader.hits, cacheMisses: this.#reader.misses };
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    if (table.isPacked !== true) return this.#tables.find(table, partition, sort);
    const [value] = await this.findMany(table, [{ partition, sort }]);
    return value;
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
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
        const [block] = await this.#reader.from(table, partition, number, 1);
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

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    if (scan.table.isPacked !== true) return this.#tables.scanTable(scan);
    return scanPacked(scan, { ...this.#sources(scan.table), range: (query) => this.range(query) });
  }

  /** The partition of a packed table that follows another, or the first one, packed or not. */
  async nextPartition(table: TableSpec, after?: Key): Promise<Key | undefined> {
    return nextPartition(table, this.#sources(table), after === undefined ? undefined : { partition: after });
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    const isPlain = !batches.some(({ writes }) => writes.some(({ table }) => table.isPacked === true));
    if (isPlain) await this.#tables.write(batches, options);
    else await this.#writes.run(() => this.#writePacked(batches, options));
  }

  async appendRows(request: AppendRows): Promise<number> {
    assert(request.table.isPacked !== true, "the writer of a packed table numbers its rows");
    return this.#tables.appendRows(request);
  }

  /** Resolves when nothing waits to be packed in the background. */
  async packed(): Promise<void> {
    await this.#packer.idle();
  }

  /**
   * Makes full blocks of the tails of all partitions of a packed table, while others read and write.
   * Effects: what it has packed is durable; calling again goes through what has come since. Errors: "tables-closed", those
   *   of the engine. Cost: of the time, a fifth; memory for some partitions' tails.
   */
  async packAll(table: TableSpec, work: PackWork = {}): Promise<void> {
    assert(table.isPacked === true, "only a packed table is packed");
    const packing = packAll(table, work, {
      clock: this.#clock,
      pauses: this.#pauses,
      nextPartition: (after) => this.nextPartition(table, after),
      pack: (places) => this.#pack(places),
    });
    const settled = packing.catch(() => undefined).finally(() => this.#packingAll.delete(settled));
    this.#packingAll.add(settled);
    await packing;
  }

  async close(): Promise<void> {
    this.#pauses.stop();
    await Promise.all(this.#packingAll);
    await this.#packer.stop();
    await this.#tables.close();
  }

  /**
   * Reads rows and blocks as they were at one time, as far as the packer is concerned: between two reads it could have put rows
   * of the second into a block that the first did not see yet. When it has, the reads take their turn.
   */
  async #atOnce<T>(read: () => Promise<T>): Promise<T> {
    const moves = this.#moves;
    if (!this.#isMoving) {
      const found = await read();
      if (moves === this.#moves) return found;
    }
    return this.#writes.run(read);
  }

  async #writePacked(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    const packed: Batch[] = [];
    let blocks = this.#stats.blocks;
    for (const batch of batches) {
      packed.push(this.#packBatch(batch));
      if (this.#stats.blocks - blocks < BLOCKS_PER_TURN) continue;
      blocks = this.#stats.blocks;
      await turn(this.#scheduler);
    }
    await this.#tables.write(packed, options);
  }

  #pack(places: readonly Place[]): Promise<number> {
    return this.#writes.run(() => this.#packTails(places));
  }

  #sources(table: TableSpec): Omit<PackedSources, "range"> {
    return {
      tables: this.#tables,
      blockTable: this.#reader.tableOf(table),
      atOnce: (read) => this.#atOnce(read),
    };
  }

  /** Makes full blocks of the tails of partitions. Resolves with how many rows were packed. */
  async #packTails(places: readonly Place[]): Promise<number> {
    const batches: Batch[] = [];
    let rows = 0;
    for (const { table, partition } of places) {
      const sources = { tables: this.#tables, reader: this.#reader, nowMs: this.#clock.nowMs() };
      const tail = await readTail(sources, table, partition);
      if (tail.rows.length < FULL_ROWS) continue;
      const blockTable = this.#reader.tableOf(table);
      const writes: Write[] = [
        ...tail.blocks.map(({ last }): Write => ({ kind: "delete", table: blockTable, sort: [last] })),
        ...tail.beside.map(({ sort }): Write => ({ kind: "delete", table, sort })),
        ...cutIntoBlocks(tail.rows).map((run) => this.#blockOf(table, run, "dense")),
      ];
      batches.push({ partition, writes });
      rows += tail.rows.length;
    }
    if (batches.length === 0) return 0;
    this.#moves += 1;
    this.#isMoving = true;
    try {
      await this.#tables.write(batches, { isDurable: true });
    } finally {
      this.#isMoving = false;
    }
    this.#stats.repackedRows += rows;
    return rows;
  }

  /** Reads what of a span is certain, appends it to the rows, and returns where to go on. */
  async #readUp(
    { table, partition }: RangeQuery,
    { from, before, limit }: BlockSpan,
    read: SoFar,
  ): Promise<number> {
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const [beside, blocks] = await this.#atOnce(() =>
      Promise.all([
        this.#tables.range({ table, partition, ...bounds(from, before), limit: pageRows }),
        this.#reader.from(table, partition, from, blocksMax),
      ]),
    );
    const besideEnd = beside.length < pageRows ? before : numberOf(beside.at(-1)!.sort) + 1;
    const blocksEnd = blocks.length < blocksMax ? before : blocks.at(-1)!.last + 1;
    const end = Math.min(before, besideEnd, blocksEnd);
    count(blocks, read);
    const nowMs = this.#clock.nowMs();
    const span = { beside, blocks, from, before: end, nowMs, isDescending: false };
    return take(span, limit, read.rows) ? before : end;
  }

  async #readDown(
    { table, partition }: RangeQuery,
    { from, before, limit }: BlockSpan,
    read: SoFar,
  ): Promise<number> {
    const pageRows = Math.max(PAGE_ROWS_MIN, limit);
    const blocksMax = blocksFor(limit, read);
    const [beside, below, across] = await this.#atOnce(() =>
      Promise.all([
        this.#tables.range({
          table,
          partition,
          ...bounds(from, before),
          limit: pageRows,
          isDescending: true,
        }),
        this.#reader.below(table, partition, { from, before, limit: blocksMax }),
        before === Infinity ? [] : this.#reader.from(table, partition, before, 1),
      ]),
    );
    const lowest = beside.at(-1)?.sort ?? [];
    // A mark comes before its row on the way down: the row may be on the next page.
    const besideStart = beside.length < pageRows ? from : numberOf(lowest) + (lowest.length > 1 ? 1 : 0);
    const blocksStart = below.length < blocksMax ? from : below.at(-1)!.first;
    const start = Math.max(from, besideStart, blocksStart);
    count(below, read);
    const blocks = [...below.toReversed(), ...across.filter(({ first }) => first < before)];
    const nowMs = this.#clock.nowMs();
    const span = { beside: beside.toReversed(), blocks, from: start, before, nowMs, isDescending: true };
    return take(span, limit, read.rows) ? from : start;
  }

  /** A batch as the engine gets it. */
  #packBatch(batch: Batch): Batch {
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
    for (const [table, rows] of runs) {
      this.#packRun(table, rows, blocks);
      if (rows.length < FULL_ROWS) this.#packer.note(table, batch.partition, rows.length);
    }
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
      writes.push(this.#blockOf(table, run, "fast"));
      this.#stats.packedRows += run.length;
    }
  }

  #blockOf(table: TableSpec, run: readonly PackedRow[], density: Density): Write {
    const value = encodeBlock(run, density);
    this.#stats.blocks += 1;
    this.#stats.blockBytes += value.length;
    this.#stats.plainBytes += run.reduce((sum, row) => sum + row.value.length, 0);
    const sort = [run.at(-1)!.number];
    return { kind: "put", table: this.#reader.tableOf(table), sort, value, ...expiring(lastExpiry(run)) };
  }
}

/** What a range has read so far. */
interface SoFar {
  readonly rows: Row[];
  blocks: number;
  packedRows: number;
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
