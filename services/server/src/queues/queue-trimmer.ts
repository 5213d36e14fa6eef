/**
 * Keeps queues and topics to so many events: the oldest go when a queue has grown by a step over it. (The days that events are
 * kept are theirs: the engine sweeps what has expired.)
 *
 *   grown over a step ─► noted, the newest end of each queue ─► one after another: whole blocks of the oldest, and a pause
 *
 *   Q1  Nobody waits for it: whoever appends only notes, and rows go in the background, as those of old messages do.
 *   Q2  A note that is lost, in a crash or because too many wait, is made up for by the next step of that queue.
 *   Q3  A device that needs what has gone is rebased.
 */
import { type Ambient, failureCode, messageOf, sleep } from "@parley/base";
import type { IndexedTables, Key, OnGrown, TableSpec } from "@parley/tables";

/** A queue holds at most this part more than it is to hold. */
const STEP_PART = 8;
/** Queues that wait. */
const WAITING_MAX = 10_000;
/** It pauses so many times as long as it removes rows. */
const PAUSE_FACTOR = 4;

export interface QueueTrimmerOptions {
  readonly tables: Pick<IndexedTables, "trim">;
  readonly ambient: Ambient;
  /** Events that a queue keeps. */
  readonly keepEvents: number;
}

interface Note {
  readonly table: TableSpec;
  readonly partition: Key;
  /** Events below this PTS go. */
  readonly before: number;
}

export class QueueTrimmer {
  readonly #options: QueueTrimmerOptions;
  readonly #step: number;
  /** By table and partition, those that were noted first in front. */
  readonly #waiting = new Map<string, Note>();
  #work: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: QueueTrimmerOptions) {
    this.#options = options;
    this.#step = Math.max(1, Math.floor(options.keepEvents / STEP_PART));
  }

  /** Events `firstPts` to `lastPts` were appended. */
  readonly onGrown: OnGrown = (table, partition, firstPts, lastPts) => {
    const step = this.#step;
    const before = Math.floor((lastPts - this.#options.keepEvents) / step) * step;
    const isOverStep = before > Math.floor((firstPts - 1 - this.#options.keepEvents) / step) * step;
    if (before > 0 && isOverStep) this.#note({ table, partition, before: before + 1 });
  };

  /** Resolves when nothing is under way; what waits is noted again by later steps. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    await this.#work;
  }

  #note(note: Note): void {
    const name = JSON.stringify([note.table.name, ...note.partition]);
    if (this.#isStopped || (this.#waiting.size >= WAITING_MAX && !this.#waiting.has(name))) return;
    this.#waiting.set(name, note);
    this.#work ??= this.#trimAll().finally(() => (this.#work = undefined));
  }

  async #trimAll(): Promise<void> {
    const { logger } = this.#options.ambient;
    for (const [name, note] of this.#waiting) {
      this.#waiting.delete(name);
      try {
        await this.#trim(note);
      } catch (error) {
        // What is closing, or broken, tells everybody else as well. Nothing is lost: the events stay.
        if (failureCode(error) !== "tables-closed")
          logger.error("queue-not-trimmed", { table: note.table.name, reason: messageOf(error) });
      }
    }
  }

  async #trim({ table, partition, before }: Note): Promise<void> {
    const { tables, ambient } = this.#options;
    const { clock, scheduler } = ambient;
    while (!this.#isStopped) {
      const beganMs = clock.monotonicMs();
      if ((await tables.trim(table, partition, before)) === 0) return;
      await sleep(scheduler, (clock.monotonicMs() - beganMs) * PAUSE_FACTOR);
    }
  }
}
