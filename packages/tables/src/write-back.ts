/**
 * The memtable of the machines. What a machine stages is visible to reads at once and reaches the engine later, merged
 * with what other machines stage into few large durable batches.
 *
 *   stage --> current generation --freeze--> frozen generation --beforeFlush, write--> engine
 *                  |                              |                                      |
 *                  +------ find, range: the newest generation that has the row, else ----+
 *
 * Invariants:
 *   1. There are at most two generations: the current one, and the frozen one that is being written.
 *   2. A generation is dropped only after the engine has made it durable, so a read that misses both finds in the engine
 *      everything that is older than both.
 *   3. A frozen generation is not written before `beforeFlush` has resolved: what a machine emitted to others is durable
 *      before the rows that say it was emitted.
 *   4. All writes to one partition in one generation go out in one atomic batch.
 *   5. After a failed flush nothing is served and nothing is taken: what survives is known only after opening again.
 */

import { assert, Failure, isRareTime, type Clock, type Scheduler, type Timer } from "@parley/base";
import { appendInTurn, Turns } from "./append-rows.js";
import { Generation } from "./generation.js";
import { unmetCondition } from "./indexed/conditions.js";
import type { IndexMatch, IndexQuery, IndexReader } from "./indexed/index-query.js";
import { StagedIndex } from "./indexed/staged-index.js";
import { encodeTuple, successor, type EncodedKey } from "./key-encoding.js";
import { mergeRange, stagedRow } from "./merged-range.js";
import { RANGE_LIMIT_MAX } from "./range-limit.js";
import { sortBounds } from "./range-query.js";
import type { SortedRows } from "./sorted-rows.js";
import type {
  AppendRows,
  Batch,
  Key,
  RangeQuery,
  Row,
  ScannedRow,
  Tables,
  TableScan,
  TableSpec,
  Write,
} from "./tables.js";

const FLUSH_INTERVAL_MS = 200;
const DIRTY_BYTES_MAX = 128 * 1024 * 1024;
/**
 * Of a generation this large the hotter half is flushed at once: with a frozen one of the same size, half of the limit is
 * still free.
 */
const FLUSH_SHARE = 1 / 4;

export interface WriteBackOptions {
  /** The engine. Stays open when the write-back layer is closed. */
  readonly tables: Tables;
  /** The engine's indexes, when it has any: the same object, usually. */
  readonly indexes?: IndexReader;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** How long a staged row waits for company at most. Default 200. */
  readonly flushIntervalMs?: number;
  /** Beyond this the layer is overloaded. Default 128 MiB. */
  readonly dirtyBytesMax?: number;
  /** Resolves when everything emitted up to the call is durable elsewhere. A failure is a failure of the flush. */
  readonly beforeFlush?: () => Promise<void>;
  /** Called once, with the "tables-failed" that every later call meets; its cause says what happened. */
  readonly onFailure: (failure: Failure) => void;
}

/** Which staged partitions a flush takes: all, or those with the most rows. */
type Extent = "all" | "hottest";

/** A table engine behind a memtable. See the head of the file. */
export class WriteBackTables implements Tables, IndexReader {
  readonly #tables: Tables;
  readonly #indexes: IndexReader | undefined;
  readonly #stagedIndex = new StagedIndex();
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #flushIntervalMs: number;
  readonly #dirtyBytesMax: number;
  readonly #beforeFlush: () => Promise<void>;
  readonly #onFailure: (failure: Failure) => void;
  readonly #turns = new Turns();

  #current = new Generation();
  #frozen: Generation | undefined;
  /** The flush that is under way, and the one that begins when it ends. */
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  /** What the queued flush takes. */
  #extent: Extent = "all";
  #timer: Timer | undefined;
  #failure: Failure | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WriteBackOptions) {
    this.#tables = options.tables;
    this.#indexes = options.indexes;
    this.#clock = options.clock;
    this.#scheduler = options.scheduler;
    this.#flushIntervalMs = options.flushIntervalMs ?? FLUSH_INTERVAL_MS;
    this.#dirtyBytesMax = options.dirtyBytesMax ?? DIRTY_BYTES_MAX;
    this.#beforeFlush = options.beforeFlush ?? (async () => {});
    this.#onFailure = options.onFailure;
  }

  /** What is staged and not yet durable, in memory. */
  get dirtyBytes(): number {
    return this.#current.bytes + (this.#frozen?.bytes ?? 0);
  }

  /** More is staged than should be: wait for `waitForRoom` before staging more. `stage` itself never refuses. */
  get isOverloaded(): boolean {
    return this.dirtyBytes > this.#dirtyBytesMax;
  }

  /**
   * Stages a batch.
   * Effects: visible to every read through this object when it returns; durable after the next flush.
   * Errors: "tables-failed", "tables-closed".
   */
  stage(batch: Batch): void {
    this.#checkUsable();
    assert(batch.conditions === undefined, "who stages has decided already; `write` takes conditions");
    this.#current.stage(batch);
    if (this.#current.isEmpty || this.#queued !== undefined) return;
    const isFull = this.#current.bytes >= this.#dirtyBytesMax * FLUSH_SHARE;
    if (isFull || isRareTime("rows-are-flushed-at-once")) this.#flushInBackground("hottest");
    else this.#flushLater();
  }

  /** The staged value of a row; null when it is staged as deleted or has expired; undefined when it is not staged. */
  peek(table: TableSpec, partition: Key, sort: Key): Uint8Array | null | undefined {
    this.#checkUsable();
    const encodedPartition = encodeTuple(partition);
    const current = this.#current.rows(table.name, encodedPartition);
    const frozen = this.#frozen?.rows(table.name, encodedPartition);
    if (current === undefined && frozen === undefined) return undefined;
    const encodedSort = encodeTuple(sort);
    const write = current?.get(encodedSort) ?? frozen?.get(encodedSort);
    if (write === undefined) return undefined;
    return stagedRow(write, this.#clock.nowMs())?.value ?? null;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    const staged = this.peek(table, partition, sort);
    return staged === undefined ? this.#tables.find(table, partition, sort) : (staged ?? undefined);
  }

  async findMany(
    table: TableSpec,
    keys: readonly { readonly partition: Key; readonly sort: Key }[],
  ): Promise<readonly (Uint8Array | undefined)[]> {
    this.#checkUsable();
    const staged = keys.map(({ partition, sort }) => this.peek(table, partition, sort));
    const missing = keys.filter((_, index) => staged[index] === undefined);
    const stored = missing.length === 0 ? [] : await this.#tables.findMany(table, missing);
    let next = 0;
    return staged.map((value) => (value === undefined ? stored[next++] : (value ?? undefined)));
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    this.#checkUsable();
    const bounds = sortBounds(query);
    const partition = encodeTuple(query.partition);
    const isDescending = query.isDescending === true;
    // From here on every generation is reachable, also those that are frozen and dropped while this read waits.
    const oldest = this.#frozen ?? this.#current;
    const stored: Row[] = [];
    let pageLimit = query.limit;
    for (let rest: RangeQuery = query; ;) {
      const page = await this.#tables.range({ ...rest, limit: pageLimit });
      stored.push(...page);
      const isStoredAll = page.length < pageLimit;
      const staged = newestFirst(oldest, query.table, partition);
      if (staged.length === 0) return stored.slice(0, query.limit);
      const nowMs = this.#clock.nowMs();
      const merged = mergeRange({
        bounds,
        isDescending,
        limit: query.limit,
        nowMs,
        staged,
        stored,
        isStoredAll,
      });
      if (merged.isComplete) return merged.rows;
      rest = continuation(query, page);
      pageLimit = Math.min(RANGE_LIMIT_MAX, pageLimit * 2);
    }
  }

  /** As the engine's; what is staged is found at once. */
  async queryIndex(query: IndexQuery): Promise<readonly IndexMatch[]> {
    this.#checkUsable();
    const indexes = this.#indexes;
    assert(indexes !== undefined, "the engine below has indexes");
    const partition = encodeTuple(query.partition);
    const oldest = this.#frozen ?? this.#current;
    return this.#stagedIndex.query(query, {
      indexes,
      clock: this.#clock,
      staged: () => newestFirst(oldest, query.table, partition),
      range: (rest) => this.range(rest),
    });
  }

  /** As the port's, after a flush: what is staged is met too. */
  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    await this.flush();
    return this.#tables.scanTable(scan);
  }

  /**
   * As the port's: stages, and flushes when the write is to be durable.
   * Errors: also "condition-failed", when a batch's condition was not met: nothing of that batch is staged, and all others of
   *   the call are.
   */
  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    let failure: Failure | undefined;
    for (const batch of batches) {
      if (batch.conditions === undefined) this.stage(batch);
      else failure = (await this.#stageIfMet(batch)) ?? failure;
    }
    if (options.isDurable) await this.flush();
    if (failure !== undefined) throw failure;
  }

  async appendRows(request: AppendRows): Promise<number> {
    const first = await appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: async (batch) => this.stage(batch),
    });
    if (request.isDurable) await this.flush();
    return first;
  }

  /**
   * Makes everything durable that was staged before the call. Calls made while a flush is under way share the next one.
   * Errors: "tables-failed"; "tables-closed".
   */
  async flush(): Promise<void> {
    this.#checkUsable();
    await this.#flush();
  }

  /** Resolves when `isOverloaded` is false. Errors: "tables-failed"; "tables-closed". */
  async waitForRoom(): Promise<void> {
    this.#checkUsable();
    while (this.isOverloaded) await this.#flush();
  }

  /** Flushes, and refuses everything from then on. The engine below stays open. */
  async close(): Promise<void> {
    this.#closing ??= this.#failure === undefined ? this.#flush() : Promise.resolve();
    await this.#closing;
  }

  /** Stages a batch in the moment in which its conditions are seen to be met, or says why not. */
  async #stageIfMet(batch: Batch): Promise<Failure | undefined> {
    this.#checkUsable();
    const { partition, conditions = [] } = batch;
    const encodedPartition = encodeTuple(partition);
    const oldest = this.#frozen ?? this.#current;
    const stored = await Promise.all(
      conditions.map(({ table, sort }) => this.#tables.find(table, partition, sort)),
    );
    const nowMs = this.#clock.nowMs();
    const unmet = unmetCondition(batch, (condition) => {
      const sort = encodeTuple(condition.sort);
      for (const rows of newestFirst(oldest, condition.table, encodedPartition)) {
        const write = rows.get(sort);
        if (write !== undefined) return stagedRow(write, nowMs)?.value;
      }
      return stored[conditions.indexOf(condition)];
    });
    if (unmet === undefined) this.stage({ partition, writes: batch.writes });
    return unmet;
  }

  #flushLater(): void {
    this.#timer ??= this.#scheduler.after(this.#flushIntervalMs, () => this.#flushInBackground("all"));
  }

  #flushInBackground(extent: Extent): void {
    // The failure is not lost: it is sticky and has been given to `onFailure`.
    if (this.#failure === undefined) this.#flush(extent).catch(() => {});
  }

  /** A flush of everything, or of what is hottest unless somebody wants everything before it begins. */
  #flush(extent: Extent = "all"): Promise<void> {
    if (this.#current.isEmpty) return this.#queued ?? this.#running ?? Promise.resolve();
    if (this.#queued === undefined || extent === "all") this.#extent = extent;
    this.#queued ??= this.#flushAfter(this.#running);
    return this.#queued;
  }

  async #flushAfter(running: Promise<void> | undefined): Promise<void> {
    // Waits a moment even when nothing is under way, so that all who flush in the same turn share this flush.
    await running;
    this.#running = this.#queued;
    this.#queued = undefined;
    const frozen = this.#current;
    this.#frozen = frozen;
    if (this.#extent === "all") {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#current = frozen.freeze();
    } else {
      // What stays keeps its timer.
      this.#current = frozen.freezeHottest();
    }
    try {
      await this.#beforeFlush();
      await this.#tables.write(frozen.batches(), { isDurable: true });
    } catch (cause) {
      throw this.#fail(cause);
    }
    this.#frozen = undefined;
    this.#running = undefined;
  }

  #fail(cause: unknown): Failure {
    const failure = new Failure(
      "tables-failed",
      "Staged rows could not be written to the tables. Nothing more is taken; open the tables again.",
      { cause },
    );
    this.#failure = failure;
    this.#onFailure(failure);
    return failure;
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new Failure("tables-closed", "The write-back tables are closed.");
  }
}

function newestFirst(
  oldest: Generation,
  table: TableSpec,
  partition: EncodedKey,
): readonly SortedRows<Write>[] {
  const found: SortedRows<Write>[] = [];
  for (
    let generation: Generation | undefined = oldest;
    generation !== undefined;
    generation = generation.next
  ) {
    const rows = generation.rows(table.name, partition);
    if (rows !== undefined) found.unshift(rows);
  }
  return found;
}

// The part of a range beyond a page.
function continuation(query: RangeQuery, page: readonly Row[]): RangeQuery {
  const last = page.at(-1);
  if (last === undefined) return query;
  return query.isDescending === true
    ? { ...query, before: last.sort }
    : { ...query, from: successor(last.sort) };
}
