/**
 * Old blocks lie in a store of their own, denser; in the table of blocks a pointer stands for each.
 *
 *   old rows ─► merged, compressed harder, sealed ─► object, durable ─► alone: are they still the same? ─► one batch for each
 *                                                                       partition: pointers in place of what held them
 *   rows of other blocks that were changed ─► merged, in place of these blocks
 *   sweep: an object that nobody points to is deleted; of one that is half dead, what lives goes into another
 *
 * Invariants:
 *   1. A pointer is written only when what it points to is durable, in the batch that removes what it stands for: a crash leaves
 *      rows where they were, or where they go.
 *   2. In a partition, cold blocks come before all others.
 *   3. An object is deleted only when no durable pointer leads to it, and nobody copies the tables.
 */
import { type Clock, type Random, TaskQueue } from "@parley/base";
import type { PackedRow } from "../blocks/block.js";
import { type BlockReader, bounds } from "../blocks/block-reader.js";
import { type Compress, decodeBlock, encodeBlock, encodeBlockWith } from "../blocks/block-format.js";
import type { Moves } from "../blocks/moves.js";
import type { PackedReader } from "../blocks/packed-reader.js";
import { type Place, PAUSE_FACTOR } from "../blocks/packer.js";
import { cutIntoBlocks } from "../blocks/packing.js";
import { mergeRun, printOf, type Run } from "../blocks/run.js";
import type { Pauses } from "../pauses.js";
import type { Batch, Key, Row, Tables, TableSpec, Write } from "../tables.js";
import { Bundle } from "./bundle.js";
import { encodePointer } from "./cold-pointer.js";
import type { ColdReader } from "./cold-reader.js";
import { compressHard } from "./compress-hard.js";
import type { ObjectStore } from "./object-store.js";
import { OldRuns, timeOf } from "./old-runs.js";
import type { Seals } from "./seals.js";
import { Sweep } from "./sweep.js";

/** Read rarely, so as many rows as compress well together. */
const COLD_ROWS_MAX = 512;
const COLD_BYTES_MAX = 256 * 1024;
const OBJECT_BYTES = 8 * 1024 * 1024;
/** Groups of rows moved while nobody else writes: a few milliseconds. */
const MOVES_PER_TURN = 8;
/** Blocks taken away or brought back at a time. */
const BLOCKS_PER_STEP = 8;

export interface ColdOptions {
  readonly objects: ObjectStore;
  readonly seals: Seals;
  readonly random: Random;
  /** Default: Brotli, as hard as it can in reasonable time, in a thread of its own. */
  readonly compress?: Compress;
  /** An object is ended when it is this large. Default 8 MiB. */
  readonly objectBytes?: number;
}

/** What of a partition is to be cold: what is older than a time, or nothing; then what is cold comes back. */
export type ColdRule = { readonly beforeMs: number } | "hot";

export interface ColdWork {
  /** Pauses so many times as long as it works. Default 4. */
  readonly pauseFactor?: number;
  readonly onProgress?: (progress: ColdProgress) => void;
  /** Asked between steps; what is done until then stands. */
  readonly isCancelled?: () => boolean;
}

export interface ColdProgress {
  readonly partitions: number;
  /** Rows that went cold, and that came back. */
  readonly movedRows: number;
  readonly thawedRows: number;
}

/** What the store holds, as the last sweep has found it. */
export interface ColdSpace {
  readonly objects: number;
  readonly bytes: number;
  readonly freedObjects: number;
  readonly freedBytes: number;
  /** Objects that do not say any more what they hold. */
  readonly damagedObjects: number;
}

export interface ColdAccess {
  readonly tables: Tables;
  readonly blocks: BlockReader;
  readonly coldReader: ColdReader;
  readonly reader: PackedReader;
  readonly moves: Moves;
  readonly pauses: Pauses;
  readonly clock: Clock;
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

export class ColdTier {
  readonly #options: ColdOptions;
  readonly #access: ColdAccess;
  readonly #old: OldRuns;
  readonly #sweep: Sweep;
  /** Passes, sweeps and thawing, one after another. */
  readonly #work = new TaskQueue();
  readonly #holds = new Set<object>();
  readonly #stats: ColdStats = {
    movedRows: 0,
    movedBytes: 0,
    storedBytes: 0,
    thawedRows: 0,
    trimmedRows: 0,
    repackedBlocks: 0,
    lostMoves: 0,
  };

  constructor(options: ColdOptions, access: ColdAccess) {
    this.#options = options;
    this.#access = access;
    this.#old = new OldRuns(access);
    this.#sweep = new Sweep({
      ...access,
      ...options,
      objectBytes: options.objectBytes ?? OBJECT_BYTES,
      store: (bundle, groups, work) => this.#store(bundle, groups, work),
      isHeld: () => this.#holds.size > 0,
    });
  }

  get stats(): Readonly<ColdStats> & Readonly<ColdReader["stats"]> {
    return { ...this.#stats, ...this.#access.coldReader.stats };
  }

  /**
   * Goes through all partitions of a table once, and moves what its rule says. Others may read and write.
   * Effects: what is moved is durable. Rows that are written meanwhile stay for the next pass.
   * Errors: "tables-closed", those of the engine and of the store; what was moved before stands.
   * Cost: of the time, a fifth; memory for an object and some thousand rows.
   */
  pass(
    table: TableSpec,
    ruleOf: (partition: Key) => Promise<ColdRule>,
    work: ColdWork = {},
  ): Promise<ColdProgress> {
    return this.#work.run(() => this.#pass(table, ruleOf, work));
  }

  /** Frees the space of what nobody points to any more. Errors: as `pass`. */
  sweep(tables: readonly TableSpec[], work: ColdWork = {}): Promise<ColdSpace> {
    return this.#work.run(() => this.#sweep.run(tables, work));
  }

  /** Brings everything of a partition back. Returns how many rows. */
  thaw(place: Place, work: ColdWork = {}): Promise<number> {
    return this.#work.run(() => this.#thaw(place, work));
  }

  /** The first number from which on there may be rows that are not older than a time; Infinity when all are older. */
  firstSince(place: Place, timeMs: number): Promise<number> {
    return this.#old.firstSince(place, timeMs);
  }

  /**
   * Removes some of the rows below a number, the first ones, in one batch with what `alongside` makes of them. A block that reaches
   * across the number stays. Returns how many rows; 0 when there are none left.
   */
  async trim(
    place: Place,
    before: number,
    alongside: (rows: readonly Row[]) => readonly Write[],
  ): Promise<number> {
    const { table, partition } = place;
    const { blocks, moves } = this.#access;
    // What has to be fetched is fetched before anybody has to wait for it.
    await blocks.load(table, partition, await blocks.from(table, partition, 0, BLOCKS_PER_STEP));
    return moves.alone(async () => {
      const run = await this.#first(place, before);
      const rows = run.rows.map(({ number, value }) => ({ sort: [number], value }));
      const writes = [...this.#removals(table, run), ...alongside(rows)];
      if (writes.length === 0) return 0;
      await moves.move([{ partition, writes }]);
      this.#stats.trimmedRows += rows.length;
      return run.blocks.reduce((sum, { count }) => sum + count, run.beside.length);
    });
  }

  /** Nothing is deleted from the store until it is released: who copies the tables copies the store later. */
  hold(): { release(): void } {
    const held = {};
    this.#holds.add(held);
    return { release: () => void this.#holds.delete(held) };
  }

  /** Resolves when what is under way has ended; pauses end at once when they are stopped. */
  async stop(): Promise<void> {
    await this.#work.settled();
  }

  async #pass(
    table: TableSpec,
    ruleOf: (partition: Key) => Promise<ColdRule>,
    work: ColdWork,
  ): Promise<ColdProgress> {
    const { reader } = this.#access;
    const movedBefore = this.#stats.movedRows;
    const thawedBefore = this.#stats.thawedRows;
    let partitions = 0;
    let bundle = new Bundle(this.#options.random);
    let groups: Group[] = [];
    const store = async (): Promise<void> => {
      await this.#store(bundle, groups, work);
      bundle = new Bundle(this.#options.random);
      groups = [];
    };
    const progress = (): ColdProgress => ({
      partitions,
      movedRows: this.#stats.movedRows - movedBefore,
      thawedRows: this.#stats.thawedRows - thawedBefore,
    });
    let after: Key | undefined;
    while (work.isCancelled?.() !== true) {
      const partition = await this.#paced(work, () => reader.nextPartition(table, after));
      if (partition === undefined) break;
      const place = { table, partition };
      for await (const run of this.#old.changedHot(place))
        await this.#paced(work, () => this.#repack(place, run));
      const rule = await ruleOf(partition);
      if (rule === "hot") await this.#thaw(place, work);
      else {
        const runs = this.#old.find(place, rule.beforeMs);
        const line = { isBroken: false };
        for (;;) {
          const found = await this.#paced(work, async () => {
            const next = await runs.next();
            return next.done === true ? undefined : this.#group(place, next.value, { bundle, line });
          });
          if (found === undefined || line.isBroken || work.isCancelled?.() === true) break;
          groups.push(found);
          if (bundle.bytes >= (this.#options.objectBytes ?? OBJECT_BYTES)) await store();
        }
      }
      after = partition;
      partitions += 1;
      work.onProgress?.(progress());
    }
    await store();
    work.onProgress?.(progress());
    return progress();
  }

  /** Writes the blocks of a run anew, where they are, without what was changed or deleted. */
  async #repack(place: Place, run: Run): Promise<void> {
    const { table, partition } = place;
    const blocks = cutIntoBlocks(run.rows).map((rows) => this.#hotBlock(table, rows));
    const writes = [...this.#removals(table, run), ...blocks];
    const print = printOf(run);
    const isSame = async (): Promise<boolean> => printOf(await this.#held(place, run)) === print;
    const group = { partition, rows: 0, writes, isSame, line: { isBroken: false } };
    if (await this.#move([group])) this.#stats.repackedBlocks += 1;
  }

  /** Puts a run into an object. */
  async #group(
    place: Place,
    run: Run,
    { bundle, line }: { readonly bundle: Bundle; readonly line: Line },
  ): Promise<Group> {
    const { table, partition } = place;
    const { blocks, coldReader } = this.#access;
    const { seals, compress = compressHard } = this.#options;
    const writes: Write[] = [...this.#removals(table, run)];
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
    const print = printOf(run);
    const isSame = async (): Promise<boolean> => printOf(await this.#held(place, run)) === print;
    return { partition, rows: run.rows.length, writes, isSame, line };
  }

  /** Makes an object durable, and then lets pointers lead to it. Resolves with its bytes. */
  async #store(bundle: Bundle, groups: readonly Group[], work: ColdWork): Promise<number> {
    // Groups without blocks: all of their rows were deleted.
    const object = bundle.isEmpty ? undefined : bundle.encode();
    if (object !== undefined) await this.#options.objects.put(bundle.name, object);
    this.#stats.storedBytes += object?.length ?? 0;
    for (let at = 0; at < groups.length; at += MOVES_PER_TURN)
      await this.#paced(work, () => this.#move(groups.slice(at, at + MOVES_PER_TURN)));
    return object?.length ?? 0;
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

  async #thaw(place: Place, work: ColdWork): Promise<number> {
    const { table, partition } = place;
    const { blocks, moves } = this.#access;
    const cold = await this.#old.coldBlocks(place);
    let thawed = 0;
    // From the last one on: cold blocks come before all others.
    for (const block of cold.toReversed()) {
      if (work.isCancelled?.() === true) break;
      await blocks.load(table, partition, [block]);
      const hot = cutIntoBlocks(block.rows).map((rows) => this.#hotBlock(table, rows));
      await this.#paced(work, () =>
        moves.alone(async () => {
          const [now] = await blocks.from(table, partition, block.last, 1);
          if (now?.checksum !== block.checksum) return;
          const remove: Write = { kind: "delete", table: blocks.tableOf(table), sort: [block.last] };
          await moves.move([{ partition, writes: [remove, ...hot] }]);
          thawed += block.count;
        }),
      );
    }
    this.#stats.thawedRows += thawed;
    return thawed;
  }

  #hotBlock(table: TableSpec, rows: readonly PackedRow[]): Write {
    const value = encodeBlock(rows, "dense");
    return { kind: "put", table: this.#access.blocks.tableOf(table), sort: [rows.at(-1)!.number], value };
  }

  /** The first rows of a partition, below a number. */
  async #first(place: Place, before: number): Promise<Run> {
    const { table, partition } = place;
    const { tables, blocks: reader, clock } = this.#access;
    const blocks = await reader.from(table, partition, 0, BLOCKS_PER_STEP);
    const within = blocks.filter(({ last }) => last < before);
    await reader.load(table, partition, within);
    const across = blocks.find(({ first, last }) => first < before && last >= before);
    const isAll = within.length < BLOCKS_PER_STEP;
    const end = isAll ? Math.min(before, across?.first ?? before) : within.at(-1)!.last + 1;
    return mergeRun({ tables, nowMs: clock.nowMs() }, place, { from: 0, end, blocks: within });
  }

  #removals(table: TableSpec, { blocks, beside }: Run): readonly Write[] {
    const blockTable = this.#access.blocks.tableOf(table);
    return [
      ...blocks.map(({ last }): Write => ({ kind: "delete", table: blockTable, sort: [last] })),
      ...beside.map(({ sort }): Write => ({ kind: "delete", table, sort })),
    ];
  }

  async #paced<T>(work: ColdWork, task: () => Promise<T>): Promise<T> {
    const { clock, pauses } = this.#access;
    const beganMs = clock.monotonicMs();
    const result = await task();
    await pauses.pause((clock.monotonicMs() - beganMs) * (work.pauseFactor ?? PAUSE_FACTOR));
    return result;
  }
}
