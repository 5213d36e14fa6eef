/** What of a partition is to be moved: rows that are old, and rows of blocks that were changed since they were packed. */
import { assert, type Clock, isRareTime } from "@parley/base";
import type { Block } from "../blocks/block.js";
import { type BlockReader, bounds } from "../blocks/block-reader.js";
import { mergedRows } from "../blocks/merge-span.js";
import type { Place } from "../blocks/packer.js";
import { cutRun, mergeRun, type Run } from "../blocks/run.js";
import { numberOf } from "../blocks/stored-keys.js";
import { shortBlocks } from "../blocks/tail.js";
import type { Row, Tables, TableSpec } from "../tables.js";

/** Blocks read at first: as many rows as a cold block has, when they are full. More, while all of them are old and too few. */
const BLOCKS_PER_RUN = 4;
const BLOCKS_PER_RUN_MAX = 256;
const HEADS_PER_PAGE = 64;
/** Changes of cold rows looked at in one pass; the others come with the next. */
const CHANGES_MAX = 2_000;
/** Fewer rows stay, unless nothing younger is left: small blocks save little. */
const ROWS_MIN = 256;
/** Of a partition where all is old. A block of fewer rows is larger than they are. */
const LAST_ROWS_MIN = 16;

export interface OldRunsOptions {
  readonly tables: Tables;
  readonly blocks: BlockReader;
  readonly clock: Clock;
}

/** The time of a row, as its table declares. */
export function timeOf({ timeOf: declared, name }: TableSpec, value: Uint8Array): number {
  assert(declared !== undefined, `rows of ${name} have a time`);
  return declared(value);
}

export class OldRuns {
  readonly #options: OldRunsOptions;

  constructor(options: OldRunsOptions) {
    this.#options = options;
  }

  /** Runs of rows older than a time, of which each is moved as a whole; and those of cold blocks with changes beside them. */
  async *find(place: Place, beforeMs: number): AsyncGenerator<Run, undefined> {
    const cold = await this.coldBlocks(place);
    yield* this.#changedCold(place, cold);
    for (let from = (cold.at(-1)?.last ?? -1) + 1; ;) {
      const old = await this.#old(place, from, beforeMs);
      if (old === undefined) return;
      yield old;
      if (old.before === Infinity) return;
      from = old.before;
    }
  }

  /** Runs of blocks that are not cold and were changed since. What is short is packed anew anyway. */
  async *changedHot({ table, partition }: Place): AsyncGenerator<Run, undefined> {
    const { tables, blocks, clock } = this.#options;
    const { from: tail } = await shortBlocks(blocks, table, partition);
    const changes = await tables.range({ table, partition, ...bounds(0, tail), limit: CHANGES_MAX });
    for (let last = -1; ;) {
      const next = changes.find(({ sort }) => numberOf(sort) > last);
      if (next === undefined) return;
      const number = numberOf(next.sort);
      const [block] = await blocks.from(table, partition, number, 1);
      last = number;
      if (block === undefined || block.first > number || block.cold !== undefined) continue;
      last = block.last;
      yield changedRun(block, changesWithin(block, changes), clock.nowMs());
    }
  }

  /** The heads of the cold blocks of a partition, ascending: all its blocks but the last ones. */
  async coldBlocks({ table, partition }: Place): Promise<readonly Block[]> {
    const cold: Block[] = [];
    for (let from = 0; ; from = cold.at(-1)!.last + 1) {
      const page = await this.#options.blocks.from(table, partition, from, HEADS_PER_PAGE);
      const hot = page.findIndex((block) => block.cold === undefined);
      cold.push(...(hot < 0 ? page : page.slice(0, hot)));
      if (hot >= 0 || page.length < HEADS_PER_PAGE) return cold;
    }
  }

  /** The first number from which on there may be rows that are not older than a time; Infinity when all are older. */
  async firstSince(place: Place, timeMs: number): Promise<number> {
    const cold = await this.coldBlocks(place);
    const since = cold.find((block) => block.cold!.newestMs >= timeMs);
    if (since !== undefined) return since.first;
    for (let from = (cold.at(-1)?.last ?? -1) + 1; ;) {
      const run = await this.#read(place, from, BLOCKS_PER_RUN);
      const old = oldPart(place.table, run, timeMs);
      if (old.before !== run.before || run.before === Infinity) return old.before;
      from = run.before;
    }
  }

  async *#changedCold({ table, partition }: Place, cold: readonly Block[]): AsyncGenerator<Run, undefined> {
    const { tables, blocks, clock } = this.#options;
    if (cold.length === 0) return;
    const before = cold.at(-1)!.last + 1;
    const range = { table, partition, ...bounds(0, before), limit: CHANGES_MAX };
    const changes = await tables.range(range);
    for (const block of cold) {
      const beside = changesWithin(block, changes);
      if (beside.length === 0) continue;
      await blocks.load(table, partition, [block]);
      yield changedRun(block, beside, clock.nowMs());
    }
  }

  /** The next rows that are old, if they are enough to go. */
  async #old(place: Place, from: number, beforeMs: number): Promise<Run | undefined> {
    for (let limit = BLOCKS_PER_RUN; ; limit *= 4) {
      const run = await this.#read(place, from, limit);
      const old = oldPart(place.table, run, beforeMs);
      const isLast = old.before === Infinity;
      const sizeMin = isRareTime("few-rows-go-cold") ? 1 : isLast ? LAST_ROWS_MIN : ROWS_MIN;
      if (sizeOf(old) >= sizeMin) return old;
      if (isLast || old.before !== run.before || limit >= BLOCKS_PER_RUN_MAX) return undefined;
    }
  }

  async #read(place: Place, from: number, limit: number): Promise<Run> {
    const { tables, blocks: reader, clock } = this.#options;
    const blocks = await reader.from(place.table, place.partition, from, limit);
    await reader.load(place.table, place.partition, blocks);
    const end = blocks.length < limit ? Infinity : blocks.at(-1)!.last + 1;
    return mergeRun({ tables, nowMs: clock.nowMs() }, place, { from, end, blocks });
  }
}

/** The beginning of a run whose rows are all older than a time, and which cuts no block. */
function oldPart(table: TableSpec, run: Run, beforeMs: number): Run {
  const young = run.rows.find(({ value }) => timeOf(table, value) >= beforeMs);
  if (young === undefined) return run;
  const across = run.blocks.find(({ first, last }) => first <= young.number && last >= young.number);
  return cutRun(run, across?.first ?? young.number);
}

function changesWithin({ first, last }: Block, changes: readonly Row[]): readonly Row[] {
  return changes.filter(({ sort }) => numberOf(sort) >= first && numberOf(sort) <= last);
}

/** A loaded block, and what hides rows of it. */
function changedRun(block: Block, beside: readonly Row[], nowMs: number): Run {
  const run = { blocks: [block], beside, before: block.last + 1 };
  return { ...run, rows: [...mergedRows({ ...run, from: block.first, nowMs, isDescending: false })] };
}

/** Rows that it holds, hidden ones included. */
function sizeOf({ blocks, beside }: Run): number {
  return blocks.reduce((sum, { count }) => sum + count, beside.length);
}
