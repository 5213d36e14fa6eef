/** What of a partition goes cold now: old rows, and cold blocks that were changed since. */
import { assert, type Clock, isRareTime } from "@parley/base";
import type { Block } from "../blocks/block.js";
import { type BlockReader, bounds } from "../blocks/block-reader.js";
import { mergedRows } from "../blocks/merge-span.js";
import type { Place } from "../blocks/packer.js";
import { cutRun, mergeRun, type Run } from "../blocks/run.js";
import { numberOf } from "../blocks/stored-keys.js";
import type { Tables, TableSpec } from "../tables.js";

/** Blocks read at a time. As short as they can be, they still hold enough rows to go cold. */
const BLOCKS_PER_RUN = 64;
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
    yield* this.#changed(place, cold);
    for (let from = (cold.at(-1)?.last ?? -1) + 1; ;) {
      const run = await this.#read(place, from);
      const old = oldPart(place.table, run, beforeMs);
      const size = sizeOf(old);
      const isLast = old.before === Infinity;
      const sizeMin = isRareTime("few-rows-go-cold") ? 1 : isLast ? LAST_ROWS_MIN : ROWS_MIN;
      if (size < sizeMin) return;
      yield old;
      if (isLast) return;
      from = old.before;
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
      const run = await this.#read(place, from);
      const old = oldPart(place.table, run, timeMs);
      if (old.before !== run.before || run.before === Infinity) return old.before;
      from = run.before;
    }
  }

  async *#changed({ table, partition }: Place, cold: readonly Block[]): AsyncGenerator<Run, undefined> {
    const { tables, blocks, clock } = this.#options;
    if (cold.length === 0) return;
    const before = cold.at(-1)!.last + 1;
    const range = { table, partition, ...bounds(0, before), limit: CHANGES_MAX };
    const changes = await tables.range(range);
    for (const block of cold) {
      const isWithin = (number: number): boolean => number >= block.first && number <= block.last;
      const beside = changes.filter(({ sort }) => isWithin(numberOf(sort)));
      if (beside.length === 0) continue;
      await blocks.load(table, partition, [block]);
      const run = { blocks: [block], beside, before: block.last + 1 };
      const nowMs = clock.nowMs();
      yield { ...run, rows: [...mergedRows({ ...run, from: block.first, nowMs, isDescending: false })] };
    }
  }

  async #read(place: Place, from: number): Promise<Run> {
    const { tables, blocks: reader, clock } = this.#options;
    const blocks = await reader.from(place.table, place.partition, from, BLOCKS_PER_RUN);
    await reader.load(place.table, place.partition, blocks);
    const end = blocks.length < BLOCKS_PER_RUN ? Infinity : blocks.at(-1)!.last + 1;
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

/** Rows that it holds, hidden ones included. */
function sizeOf({ blocks, beside }: Run): number {
  return blocks.reduce((sum, { count }) => sum + count, beside.length);
}
