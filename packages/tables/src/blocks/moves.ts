/**
 * Who writes packed rows takes turns, and who reads them sees each row once, while rows are moved from one block into another.
 *
 * Two reads cannot be one: between them, rows of the second could go into a block that the first did not see yet. So a reader
 * notes how often rows were moved, and reads again, in turn, when that has changed.
 */
import { TaskQueue } from "@parley/base";
import type { Batch, Tables } from "../tables.js";

export class Moves {
  readonly #tables: Tables;
  readonly #writes = new TaskQueue();
  #count = 0;
  #isMoving = false;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Runs a task while nobody else writes packed rows: what it reads stays true until it has written. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#writes.run(task);
  }

  /** Reads rows and blocks as they were at one time, as far as moves are concerned. */
  async atOnce<T>(read: () => Promise<T>): Promise<T> {
    const count = this.#count;
    if (!this.#isMoving) {
      const found = await read();
      if (count === this.#count) return found;
    }
    return this.#writes.run(read);
  }

  /** Writes batches that move rows, durably. Call while alone. */
  async move(batches: readonly Batch[]): Promise<void> {
    this.#count += 1;
    this.#isMoving = true;
    try {
      await this.#tables.write(batches, { isDurable: true });
    } finally {
      this.#isMoving = false;
    }
  }
}
