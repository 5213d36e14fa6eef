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
import { type Clock, failureCode, TaskQueue } from "@parley/base";
import type { BlockReader } from "../blocks/block-reader.js";
import type { Moves } from "../blocks/moves.js";
import type { PackedReader } from "../blocks/packed-reader.js";
import type { Place } from "../blocks/packer.js";
import { cutIntoBlocks } from "../blocks/packing.js";
import { mergeRun, type Run, unreadRun } from "../blocks/run.js";
import type { Pauses } from "../pauses.js";
import type { Key, Row, Tables, TableSpec, Write } from "../tables.js";
import { Bundle } from "./bundle.js";
import type { ColdReader } from "./cold-reader.js";
import { type ColdOptions, type ColdStats, type Group, Mover } from "./mover.js";
import { OldRuns } from "./old-runs.js";
import { Sweep } from "./sweep.js";

const OBJECT_BYTES = 8 * 1024 * 1024;
/** What is wrong with rows themselves, not with what holds all of them. */
const DAMAGE: ReadonlySet<string> = new Set(["tables-corrupt", "cold-missing", "key-missing"]);
/** Blocks taken away at a time. */
const BLOCKS_PER_STEP = 8;
/** The same, where they are only removed. */
const BLOCKS_PER_STEP_UNREAD = 64;

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
  /** Of which some rows cannot be read: whoever wants to read them is told why. The others were not kept waiting. */
  readonly damagedPartitions: number;
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

export class ColdTier {
  readonly #options: ColdOptions;
  readonly #access: ColdAccess;
  readonly #objectBytes: number;
  readonly #old: OldRuns;
  readonly #mover: Mover;
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
    this.#objectBytes = options.objectBytes ?? OBJECT_BYTES;
    this.#old = new OldRuns(access);
    this.#mover = new Mover(options, access, this.#stats);
    this.#sweep = new Sweep({
      ...access,
      ...options,
      objectBytes: this.#objectBytes,
      mover: this.#mover,
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
   * across the number stays. Returns how many rows; 0 when there are none left. Without `alongside` no row is read.
   */
  async trim(
    place: Place,
    before: number,
    alongside: ((rows: readonly Row[]) => readonly Write[]) | undefined,
  ): Promise<number> {
    const { table, partition } = place;
    const { blocks, moves } = this.#access;
    const isRead = alongside !== undefined;
    if (isRead) {
      // What has to be fetched is fetched before anybody has to wait for it.
      const first = await blocks.from(table, partition, 0, BLOCKS_PER_STEP);
      await blocks.load(
        table,
        partition,
        first.filter(({ last }) => last < before),
      );
    }
    return moves.alone(async () => {
      const run = await this.#first(place, before, isRead);
      const rows = run.rows.map(({ number, value }) => ({ sort: [number], value }));
      const writes = [...this.#mover.removals(table, run), ...(alongside?.(rows) ?? [])];
      if (writes.length === 0) return 0;
      await moves.move([{ partition, writes }]);
      const count = run.blocks.reduce((sum, block) => sum + block.count, run.beside.length);
      this.#stats.trimmedRows += isRead ? rows.length : count;
      return count;
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
    let damagedPartitions = 0;
    let bundle = new Bundle(this.#options.random);
    let groups: Group[] = [];
    const store = async (): Promise<void> => {
      await this.#mover.store(bundle, groups, work);
      bundle = new Bundle(this.#options.random);
      groups = [];
    };
    const progress = (): ColdProgress => ({
      partitions,
      damagedPartitions,
      movedRows: this.#stats.movedRows - movedBefore,
      thawedRows: this.#stats.thawedRows - thawedBefore,
    });
    let after: Key | undefined;
    while (work.isCancelled?.() !== true) {
      const partition = await this.#mover.paced(work, () => reader.nextPartition(table, after));
      if (partition === undefined) break;
      try {
        const rule = await ruleOf(partition);
        for await (const group of this.#workOn({ table, partition }, rule, () => bundle, work)) {
          groups.push(group);
          if (bundle.bytes >= this.#objectBytes) await store();
        }
      } catch (error) {
        if (!DAMAGE.has(failureCode(error) ?? "")) throw error;
        damagedPartitions += 1;
      }
      after = partition;
      partitions += 1;
      work.onProgress?.(progress());
    }
    await store();
    work.onProgress?.(progress());
    return progress();
  }

  /** Works on one partition, and gives what goes into a bundle. */
  async *#workOn(
    place: Place,
    rule: ColdRule,
    bundle: () => Bundle,
    work: ColdWork,
  ): AsyncGenerator<Group, undefined> {
    const mover = this.#mover;
    for await (const run of this.#old.changedHot(place))
      await mover.paced(work, () => mover.repack(place, run));
    if (rule === "hot") {
      await this.#thaw(place, work);
      return;
    }
    const runs = this.#old.find(place, rule.beforeMs);
    const line = { isBroken: false };
    for (;;) {
      const group = await mover.paced(work, async () => {
        const next = await runs.next();
        return next.done === true ? undefined : mover.group(place, next.value, { bundle: bundle(), line });
      });
      if (group === undefined || line.isBroken || work.isCancelled?.() === true) return;
      yield group;
    }
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
      const hot = cutIntoBlocks(block.rows).map((rows) => this.#mover.hotBlock(table, rows));
      await this.#mover.paced(work, () =>
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

  /** The first rows of a partition, below a number; or only what holds them. */
  async #first(place: Place, before: number, isRead: boolean): Promise<Run> {
    const { table, partition } = place;
    const { tables, blocks: reader, clock } = this.#access;
    const limit = isRead ? BLOCKS_PER_STEP : BLOCKS_PER_STEP_UNREAD;
    const blocks = await reader.from(table, partition, 0, limit);
    const within = blocks.filter(({ last }) => last < before);
    const across = blocks.find(({ first, last }) => first < before && last >= before);
    const isAll = within.length < limit;
    const end = isAll ? Math.min(before, across?.first ?? before) : within.at(-1)!.last + 1;
    const span = { from: 0, end, blocks: within };
    if (!isRead) return unreadRun(tables, place, span);
    await reader.load(table, partition, within);
    return mergeRun({ tables, nowMs: clock.nowMs() }, place, span);
  }
}
