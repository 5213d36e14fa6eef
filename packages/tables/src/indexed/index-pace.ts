/**
 * How much of the work on an index is done at a time, and how long it then rests.
 *
 *   chunk ─► rest ─► chunk ─► rest ...     a chunk is as many rows as take a few milliseconds, measured on the one before
 *
 * Invariants:
 *   1. Nobody waits for more than one chunk.
 *   2. Progress has a floor, however busy writers are: a chunk has ROWS_MIN rows at least and takes as much as WAIT_SHARE of the
 *      time that it had to wait; no rest is longer than REST_MS_MAX.
 */
import { assert, type Clock } from "@parley/base";
import type { Pauses } from "../pauses.js";
import type { IndexWork } from "./index-work.js";
import type { Joining } from "./sequencer.js";

/** Of the time, what the work takes at most. */
const TIME_SHARE = 0.2;
/** What a chunk may take: about what a group of writes does. */
export const CHUNK_MS = 4;
/** When groups take long, a chunk may take this much of the time that it waited: else a chunk a group would be next to nothing. */
export const WAIT_SHARE = 0.1;
/** Rows of a chunk; it begins with the least. */
export const ROWS_MIN = 128;
export const ROWS_MAX = 8_192;
/** Rows of a chunk for whom nobody waits; more would not be faster. */
export const ROWS_UNPACED = 512;
/** From one chunk to the next. */
const GROWTH_MAX = 2;
/** Work also rests for as long as it had to wait for its turn: the more is being written, the less is done. */
const WAIT_REST_FACTOR = 1;
/** The longest rest: the floor of progress. */
export const REST_MS_MAX = 50;

export interface IndexPaceOptions {
  readonly clock: Clock;
  readonly pauses: Pauses;
  /** Runs a task while nothing is written. */
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
  /** Writes with the next group of writes; see `Sequencer.join`. */
  readonly join: (begin: () => Joining | undefined) => Promise<boolean>;
}

/** The pace of one walk. */
export class IndexPace {
  readonly #options: IndexPaceOptions;
  readonly #timeShare: number;
  readonly #isFixed: boolean;
  #rowsMax: number;
  /** How long this walk has waited for its turns: waiting is no work. */
  #waitedMs = 0;

  constructor(options: IndexPaceOptions, { chunkRows, timeShare = TIME_SHARE }: IndexWork) {
    assert(timeShare > 0 && timeShare <= 1, "work takes some of the time, or all of it");
    this.#options = options;
    this.#timeShare = timeShare;
    this.#isFixed = chunkRows !== undefined || timeShare === 1;
    // All of the time is asked for by those for whom nobody waits.
    this.#rowsMax = chunkRows ?? (timeShare === 1 ? ROWS_UNPACED : ROWS_MIN);
  }

  /** Runs a chunk of at most `rowsMax` rows, and rests after it. Errors: "tables-closed"; those of the task. */
  async chunk<T>(task: (rowsMax: number) => Promise<T>): Promise<T> {
    const { clock, pauses } = this.#options;
    const beganMs = clock.monotonicMs();
    const waitedBeforeMs = this.#waitedMs;
    const result = await task(this.#rowsMax);
    const waitedMs = this.#waitedMs - waitedBeforeMs;
    const tookMs = Math.max(0, clock.monotonicMs() - beganMs - waitedMs);
    const budgetMs = Math.max(CHUNK_MS, waitedMs * WAIT_SHARE);
    if (!this.#isFixed) this.#rowsMax = rowsAfter(this.#rowsMax, tookMs, budgetMs);
    await pauses.pause(this.#restMs(tookMs, waitedMs));
    return result;
  }

  /** Runs a task of a chunk while nothing is written. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn();
    return this.#options.alone(() => {
      turn();
      return task();
    });
  }

  /** Writes batches of a chunk with the next group of writes. Resolves with whether `begin` had any. */
  async join(begin: () => Joining | undefined): Promise<boolean> {
    const turn = this.#turn();
    return this.#options.join(() => {
      turn();
      return begin();
    });
  }

  /** Begins to wait; call what it returns when the turn has come. */
  #turn(): () => void {
    const { clock } = this.#options;
    const askedMs = clock.monotonicMs();
    return () => {
      this.#waitedMs += clock.monotonicMs() - askedMs;
    };
  }

  #restMs(tookMs: number, waitedMs: number): number {
    if (this.#timeShare === 1) return 0;
    const restMs = tookMs * (1 / this.#timeShare - 1) + waitedMs * WAIT_REST_FACTOR;
    return Math.min(REST_MS_MAX, restMs);
  }
}

/** How many rows take `budgetMs`, when `rows` took `tookMs`. */
function rowsAfter(rows: number, tookMs: number, budgetMs: number): number {
  const factor = tookMs === 0 ? GROWTH_MAX : Math.min(GROWTH_MAX, budgetMs / tookMs);
  return Math.min(ROWS_MAX, Math.max(ROWS_MIN, Math.round(rows * factor)));
}
