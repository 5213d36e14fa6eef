/**
 * Puts short blocks and single rows together into full blocks, in the background. A row is packed anew once, when enough of
 * its partition has come together.
 *
 *   noted rows ─► partition has enough ─► queue ─► pack a few, alone ─► pause ─► next …
 *
 * It pauses for PAUSE_FACTOR times as long as it works. What it has noted is lost with the process: a partition is noted again
 * when more of it is written, and `packAll` goes through all of them.
 */
import { LruMap, messageOf, type Clock, type Logger, type Scheduler, type Timer } from "@parley/base";
import { encodePartition } from "../key-encoding.js";
import type { Key, TableSpec } from "../tables.js";
import { BLOCK_ROWS_MAX } from "./packing.js";

/** Noted partitions, about 100 bytes each. */
const NOTED_MAX = 100_000;
/** What waits to be packed; more is noted again later. */
const QUEUE_MAX = 10_000;
/** Partitions packed with one sync: about five milliseconds of work. */
const PARTITIONS_PER_STEP = 16;
export const PAUSE_FACTOR = 4;
const PAUSE_MS_MIN = 1;

export interface PackerOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Packs some partitions, while nobody else writes. */
  readonly pack: (places: readonly Place[]) => Promise<unknown>;
}

/** One partition of a packed table. */
export interface Place {
  readonly table: TableSpec;
  readonly partition: Key;
}

interface Noted extends Place {
  rows: number;
}

export class Packer {
  readonly #options: PackerOptions;
  readonly #noted = new LruMap<string, Noted>();
  readonly #queue = new Map<string, Noted>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: PackerOptions) {
    this.#options = options;
  }

  /** So many rows were written that are not in full blocks. */
  note(table: TableSpec, partition: Key, rows: number): void {
    const name = encodePartition(table, partition);
    let noted = this.#noted.find(name);
    if (noted === undefined) {
      noted = { table, partition, rows: 0 };
      this.#noted.put(name, noted);
      this.#noted.cutTo(NOTED_MAX);
    }
    noted.rows += rows;
    if (noted.rows < BLOCK_ROWS_MAX || this.#queue.size >= QUEUE_MAX || this.#isStopped) return;
    this.#noted.delete(name);
    this.#queue.set(name, noted);
    if (this.#running === undefined) this.#later(PAUSE_MS_MIN);
  }

  /** Resolves when nothing waits to be packed. */
  async idle(): Promise<void> {
    if (this.#queue.size === 0 && this.#running === undefined) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Resolves when nothing of it is under way any more. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#queue.clear();
    await this.#running;
    this.#tellIdle();
  }

  #later(delayMs: number): void {
    this.#timer ??= this.#options.scheduler.after(delayMs, () => {
      this.#timer = undefined;
      this.#running = this.#packNext();
    });
  }

  async #packNext(): Promise<void> {
    const { clock, logger, pack } = this.#options;
    const beganMs = clock.monotonicMs();
    const places = [...this.#queue].slice(0, PARTITIONS_PER_STEP);
    for (const [name] of places) this.#queue.delete(name);
    try {
      await pack(places.map(([, place]) => place));
    } catch (error) {
      // Whoever reads or writes these partitions meets the same trouble and is told.
      logger.warn("packing-failed", { error: messageOf(error) });
    }
    this.#running = undefined;
    if (this.#queue.size === 0 || this.#isStopped) this.#tellIdle();
    else this.#later(Math.max(PAUSE_MS_MIN, (clock.monotonicMs() - beganMs) * PAUSE_FACTOR));
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
