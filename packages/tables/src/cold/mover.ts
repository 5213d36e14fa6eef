/**
 * Moves rows into objects, and within the tables, without anybody waiting for more than the last step.
 *
 *   run ─► group: packed, sealed, in a bundle ─► object durable ─► alone: is it held by what held it? ─► one batch for its partition
 */
import type { Random } from "@parley/base";
import type { PackedRow } from "../blocks/block.js";
import { bounds } from "../blocks/block-reader.js";
import { type Compress, decodeBlock, encodeBlock, encodeBlockWith } from "../blocks/block-format.js";
import { type Place, PAUSE_FACTOR } from "../blocks/packer.js";
import { cutIntoBlocks } from "../blocks/packing.js";
import { printOf, removalsOf, type Run } from "../blocks/run.js";
import type { Batch, Key, TableSpec, Write } from "../tables.js";
import type { Bundle } from "./bundle.js";
import { encodePointer } from "./cold-pointer.js";
import type { ColdAccess, ColdWork } from "./cold-tier.js";
import { compressHard } from "./compress-hard.js";
import type { ObjectStore } from "./object-store.js";
import { timeOf } from "./old-runs.js";
import type { Seals } from "./seals.js";

/** Read rarely, so as many rows as compress well together. */
const COLD_ROWS_MAX = 512;
const COLD_BYTES_MAX = 256 * 1024;
/** Groups of rows moved while nobody else writes: a few milliseconds. */
const MOVES_PER_TURN = 8;

export interface ColdOptions {
  readonly objects: ObjectStore;
  readonly seals: Seals;
  readonly random: Random;
  /** Default: Brotli, as hard as it can in reasonable time, in a thread of its own. */
  readonly compress?: Compress;
  /** An object is ended when it is this large. Default 8 MiB. */
  readonly objectBytes?: number;
}

/** Rows on their way into an object: what is written when it is durable, if they are still as they were. */
export interface Group {
  readonly partition: Key;
  readonly rows: number;
  readonly writes: readonly Write[];
  readonly isSame: () => Promise<boolean>;
  /** Groups of a partition that follow each other: when one stays where it is, so do those after it. */
  readonly line: Line;
}

export interface Line {
  isBroken: boolean;
}

/** Since the start. */
export interface ColdStats {
  movedRows: number;
  /** Of what was moved: the values as they are, and the objects that were made of them. */
  movedBytes: number;
  storedBytes: number;
  thawedRows: number;
  trimmedRows: number;
  /** Blocks that are not cold, and were written anew without what was changed in them. */
  repackedBlocks: number;
  /** Groups of rows that stayed because they were changed while they were on their way. */
  lostMoves: number;
}

export class Mover {
  readonly #options: ColdOptions;
  readonly #access: ColdAccess;
  readonly #stats: ColdStats;

  constructor(options: ColdOptions, access: ColdAccess, stats: ColdStats) {
    this.#options = options;
    this.#access = access;
    this.#stats = stats;
  }

  /** Puts a run into an object. */
  async group(
    place: Place,
    run: Run,
    { bundle, line }: { readonly bundle: Bundle; readonly line: Line },
  ): Promise<Group> {
    const { table, partition } = place;
    const { blocks, coldReader } = this.#access;
    const { seals, compress = compressHard } = this.#options;
    const writes: Write[] = [...this.removals(table, run)];
    for (const rows of cutIntoBlocks(run.rows, COLD_ROWS_MAX, COLD_BYTES_MAX)) {
      const [first, last] = [rows[0]!.number, rows.at(-1)!.number];
      const value = await encodeBlockWith(rows, compress);
      const sealed = await seals.seal({ table: coldReader.tableOf(table), partition, sort: [last] }, value);
      const { bytes } = decodeBlock(value, 0);
      const newestMs = rows.reduce((newest, row) => Math.max(newest, timeOf(table, row.value)), 0);
      const added = bundle.add({ table: table.name, partition, last }, sealed);
      const pointer = encodePointer({ first, last, count: rows.length, bytes }, { ...added, newestMs });
      writes.push({ kind: "put", table: blocks.tableOf(table), sort: [last], value: pointer });
      this.#stats.movedBytes += bytes;
    }
    return { partition, rows: run.rows.length, writes, isSame: this.#isSame(place, run), line };
  }

  /** Makes an object durable, and then lets pointers lead to it. Resolves with its bytes. */
  async store(bundle: Bundle, groups: readonly Group[], work: ColdWork): Promise<number> {
    // Groups without blocks: all of their rows were deleted.
    const object = bundle.isEmpty ? undefined : bundle.encode();
    if (object !== undefined) await this.#options.objects.put(bundle.name, object);
    this.#stats.storedBytes += object?.length ?? 0;
    for (let at = 0; at < groups.length; at += MOVES_PER_TURN)
      await this.paced(work, () => this.#move(groups.slice(at, at + MOVES_PER_TURN)));
    return object?.length ?? 0;
  }

  /** Writes the blocks of a run anew, where they are, without what was changed or deleted. */
  async repack(place: Place, run: Run): Promise<void> {
    const { table, partition } = place;
    const blocks = cutIntoBlocks(run.rows).map((rows) => this.hotBlock(table, rows));
    const writes = [...this.removals(table, run), ...blocks];
    const group = { partition, rows: 0, writes, isSame: this.#isSame(place, run), line: { isBroken: false } };
    if (await this.#move([group])) this.#stats.repackedBlocks += 1;
  }

  hotBlock(table: TableSpec, rows: readonly PackedRow[]): Write {
    const value = encodeBlock(rows, "dense");
    return { kind: "put", table: this.#access.blocks.tableOf(table), sort: [rows.at(-1)!.number], value };
  }

  /** What takes away all that holds a run. */
  removals(table: TableSpec, run: Run): readonly Write[] {
    return removalsOf({ table, blockTable: this.#access.blocks.tableOf(table) }, run);
  }

  /** Works, and pauses for so many times as long. Errors: also "tables-closed". */
  async paced<T>(work: ColdWork, task: () => Promise<T>): Promise<T> {
    const { clock, pauses } = this.#access;
    return pauses.after(clock, work.pauseFactor ?? PAUSE_FACTOR, task);
  }

  /** Whether any of the groups was as it was. */
  async #move(groups: readonly Group[]): Promise<boolean> {
    const { moves } = this.#access;
    return moves.alone(async () => {
      const batches: Batch[] = [];
      for (const group of groups) {
        if (!group.line.isBroken && (await group.isSame())) {
          batches.push({ partition: group.partition, writes: group.writes });
          this.#stats.movedRows += group.rows;
        } else {
          group.line.isBroken = true;
          this.#stats.lostMoves += 1;
        }
      }
      if (batches.length > 0) await moves.move(batches);
      return batches.length > 0;
    });
  }

  /** Asks whether the rows of a run are held by what held them when it was read. */
  #isSame(place: Place, run: Run): () => Promise<boolean> {
    const print = printOf(run);
    return async () => printOf(await this.#held(place, run)) === print;
  }

  /** What holds the rows of a run now, or a little more when that is more than it was. */
  async #held({ table, partition }: Place, run: Run): Promise<Pick<Run, "blocks" | "beside">> {
    const { tables, blocks } = this.#access;
    const starts = [
      ...run.blocks.map(({ first }) => first),
      ...run.beside.map(({ sort }) => Number(sort[0])),
    ];
    const from = starts.reduce((least, each) => Math.min(least, each), Infinity);
    const range = { table, partition, ...bounds(from, run.before), limit: run.beside.length + 1 };
    const [held, beside] = await Promise.all([
      blocks.from(table, partition, from, run.blocks.length + 1),
      tables.range(range),
    ]);
    return { blocks: held.filter(({ first }) => first < run.before), beside };
  }
}
