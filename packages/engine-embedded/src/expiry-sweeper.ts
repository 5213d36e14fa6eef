/**
 * Removes rows whose time has come. Reads skip them already; this gives their place on the disk back.
 *
 *   rest ──► step ─► pause ─► step … through every table that has expiry ──► rest
 *
 * A step looks at STEP_ROWS rows while nothing is being written, so a row that is written again meanwhile is never taken
 * for the one that had expired. Between steps it pauses for PAUSE_FACTOR times as long as the step took.
 */
import { messageOf, type Clock, type Logger, type Scheduler, type Timer } from "@parley/base";
import { liveValue, tableBounds, type TableSpec } from "@parley/tables";
import type { ClassicLevel } from "classic-level";

import type { GroupCommit } from "./group-commit.js";
import { openRow } from "./row-checksum.js";

const STEP_ROWS = 1_000;
/** 19: a sweep takes a twentieth of the time at most. */
const PAUSE_FACTOR = 19;
const PAUSE_MS_MIN = 50;
const REST_MS = 10 * 60 * 1000;

export interface ExpirySweeperOptions {
  readonly database: ClassicLevel<Buffer, Buffer>;
  readonly commit: Pick<GroupCommit<unknown>, "alone">;
  readonly tables: readonly TableSpec[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export class ExpirySweeper {
  readonly #options: ExpirySweeperOptions;
  #timer: Timer;
  #table = 0;
  /** The last key that was looked at in the table under way. */
  #cursor: Buffer | undefined;
  #isStopped = false;
  #step: Promise<void> = Promise.resolve();

  /** Begins after a rest. */
  constructor(options: ExpirySweeperOptions) {
    this.#options = options;
    this.#timer = this.#later(REST_MS);
  }

  /** Resolves when nothing of it is under way any more. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer.cancel();
    await this.#step;
  }

  #later(delayMs: number): Timer {
    return this.#options.scheduler.after(delayMs, () => {
      this.#step = this.#sweepStep();
    });
  }

  async #sweepStep(): Promise<void> {
    const { clock, commit, logger } = this.#options;
    const beganMs = clock.monotonicMs();
    let isPassOver = false;
    try {
      await commit.alone(async () => {
        isPassOver = await this.#removeExpired();
      });
    } catch (error) {
      // Whoever reads or writes meets the same trouble and is told; the sweep tries again after a rest.
      logger.warn("sweep-failed", { error: messageOf(error) });
      isPassOver = true;
    }
    if (this.#isStopped) return;
    const pauseMs = Math.max(PAUSE_MS_MIN, (clock.monotonicMs() - beganMs) * PAUSE_FACTOR);
    this.#timer = this.#later(isPassOver ? REST_MS : pauseMs);
  }

  /** Looks at the next rows. Resolves with true at the end of the last table. */
  async #removeExpired(): Promise<boolean> {
    const { database, clock, tables } = this.#options;
    const table = tables[this.#table];
    if (table === undefined) return true;
    const bounds = tableBounds(table);
    const entries = await database
      .iterator({
        ...(this.#cursor === undefined ? { gte: Buffer.from(bounds.from, "latin1") } : { gt: this.#cursor }),
        lt: Buffer.from(bounds.before, "latin1"),
        limit: STEP_ROWS,
        fillCache: false,
      })
      .all();
    const nowMs = clock.nowMs();
    const expired = entries.filter(([key, sealed]) => {
      const stored = openRow(key, sealed);
      // A damaged row stays, so that whoever reads it is told.
      return stored !== undefined && liveValue(table, stored, nowMs) === "expired";
    });
    // Synced like every other write: what is damaged in LevelDB's log can then be told from what is torn (log-file.ts).
    if (expired.length > 0)
      await database.batch(
        expired.map(([key]) => ({ type: "del", key })),
        { sync: true },
      );
    this.#cursor = entries.length < STEP_ROWS ? undefined : entries.at(-1)![0];
    if (this.#cursor !== undefined) return false;
    this.#table = (this.#table + 1) % tables.length;
    return this.#table === 0;
  }
}
