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
import { assert, type Clock, type Logger, type Scheduler, turn } from "@parley/base";
import { ColdReader } from "../cold/cold-reader.js";
import { ColdTier } from "../cold/cold-tier.js";
import type { ColdOptions } from "../cold/mover.js";
import { Pauses } from "../pauses.js";
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
import type { PackedRow } from "./block.js";
import { type Density, encodeBlock } from "./block-format.js";
import { BlockReader } from "./block-reader.js";
import { Moves } from "./moves.js";
import { packAll, type PackWork } from "./pack-all.js";
import { PackedReader } from "./packed-reader.js";
import { Packer, type Place } from "./packer.js";
import { BLOCK_ROWS_MIN, cutIntoBlocks } from "./packing.js";
import { removalsOf } from "./run.js";
import { markOf, numberOf } from "./stored-keys.js";
import { FULL_ROWS, readTail } from "./tail.js";

/** Blocks made without letting others run: about two milliseconds. */
const BLOCKS_PER_TURN = 16;
const MARK_VALUE = new Uint8Array(0);

export interface BlockTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Without it there is no cold tier, and what lies in one cannot be read. */
  readonly cold?: ColdOptions;
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
  readonly #blocks: BlockReader;
  readonly #reader: PackedReader;
  readonly #moves: Moves;
  readonly #stats = { newRows: 0, packedRows: 0, blocks: 0, plainBytes: 0, blockBytes: 0, repackedRows: 0 };
  readonly #packer: Packer;
  readonly #pauses: Pauses;
  readonly #packingAll = new Set<Promise<unknown>>();
  readonly #cold: ColdTier | undefined;

  constructor({ tables, clock, scheduler, logger, cold }: BlockTablesOptions) {
    this.#tables = tables;
    const coldReader = cold === undefined ? undefined : new ColdReader(cold);
    const blocks = new BlockReader(tables, coldReader);
    const moves = new Moves(tables);
    this.#blocks = blocks;
    this.#moves = moves;
    this.#reader = new PackedReader({ tables, blocks, moves, clock });
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#pauses = new Pauses(scheduler);
    this.#packer = new Packer({ clock, scheduler, logger, pack: (places) => this.#pack(places) });
    if (cold === undefined || coldReader === undefined) return;
    const { pauses, reader } = { pauses: this.#pauses, reader: this.#reader };
    this.#cold = new ColdTier(cold, { tables, blocks, coldReader, reader, moves, pauses, clock });
  }

  get stats(): BlockStats {
    return { ...this.#stats, cacheHits: this.#blocks.hits, cacheMisses: this.#blocks.misses };
  }

  /** Where old blocks go. Undefined without one. */
  get cold(): ColdTier | undefined {
    return this.#cold;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    if (table.isPacked !== true) return this.#tables.find(table, partition, sort);
    const [value] = await this.findMany(table, [{ partition, sort }]);
    return value;
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const isPlain = table.isPacked !== true || keys.length === 0;
    return isPlain ? this.#tables.findMany(table, keys) : this.#reader.findMany(table, keys);
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    return query.table.isPacked === true ? this.#reader.range(query) : this.#tables.range(query);
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    return scan.table.isPacked === true ? this.#reader.scan(scan) : this.#tables.scanTable(scan);
  }

  /** The partition of a packed table that follows another, or the first one, packed or not. */
  async nextPartition(table: TableSpec, after?: Key): Promise<Key | undefined> {
    return this.#reader.nextPartition(table, after);
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    const isPlain = !batches.some(({ writes }) => writes.some(({ table }) => table.isPacked === true));
    if (isPlain) await this.#tables.write(batches, options);
    else await this.#moves.alone(() => this.#writePacked(batches, options));
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
      nextPartition: (after) => this.#reader.nextPartition(table, after),
      pack: (places) => this.#pack(places),
    });
    const settled = packing.catch(() => undefined).finally(() => this.#packingAll.delete(settled));
    this.#packingAll.add(settled);
    await packing;
  }

  async close(): Promise<void> {
    this.#pauses.stop();
    await Promise.all(this.#packingAll);
    await this.#cold?.stop();
    await this.#packer.stop();
    await this.#tables.close();
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
    return this.#moves.alone(() => this.#packTails(places));
  }

  /** Makes full blocks of the tails of partitions. Resolves with how many rows were packed. */
  async #packTails(places: readonly Place[]): Promise<number> {
    const batches: Batch[] = [];
    let rows = 0;
    for (const { table, partition } of places) {
      const sources = { tables: this.#tables, reader: this.#blocks, nowMs: this.#clock.nowMs() };
      const tail = await readTail(sources, table, partition);
      if (tail.rows.length < FULL_ROWS) continue;
      const blockTable = this.#blocks.tableOf(table);
      const writes: Write[] = [
        ...removalsOf({ table, blockTable }, tail),
        ...cutIntoBlocks(tail.rows).map((run) => this.#blockOf(table, run, "dense")),
      ];
      batches.push({ partition, writes });
      rows += tail.rows.length;
    }
    if (batches.length === 0) return 0;
    await this.#moves.move(batches);
    this.#stats.repackedRows += rows;
    return rows;
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
    return { kind: "put", table: this.#blocks.tableOf(table), sort, value, ...expiring(lastExpiry(run)) };
  }
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
