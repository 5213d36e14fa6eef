interface Waiting<Item> {
  readonly items: readonly Item[];
  readonly isDurable: boolean;
  readonly resolve: () => void;
  readonly reject: (failure: Error) => void;
}

/** Writes the items of a group in order, as one. A failure of it is the end of the group commit. */
export type WriteGroup<Item> = (items: readonly Item[], isDurable: boolean) => Promise<void>;

/**
 * Collects the writes that arrive while one is under way and makes them one: a sync costs the same for one and for all
 * who wait. Writes take effect in the order of the calls.
 *
 * After a failure every later write fails in the same way: what the disk holds is unknown from then on.
 */
export class GroupCommit<Item> {
  readonly #writeGroup: WriteGroup<Item>;
  readonly #toFailure: (error: unknown) => Error;
  #waiting: Waiting<Item>[] = [];
  readonly #alone: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(writeGroup: WriteGroup<Item>, toFailure: (error: unknown) => Error) {
    this.#writeGroup = writeGroup;
    this.#toFailure = toFailure;
  }

  /** The failure that ended it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the items are written, and durable if asked for. */
  async write(items: readonly Item[], isDurable: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ items, isDurable, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /**
   * Runs a task between two groups, so that what it reads stays true until it has written. Rejects as the task does; that
   * is no failure of the group commit.
   */
  async alone(task: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#alone.push(() => task().then(resolve, reject));
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting any more. */
  async settle(): Promise<void> {
    await this.#running;
  }

  // Never rejects: every failure goes to those whose write it was.
  async #run(): Promise<void> {
    // One turn of promises, so that those who write in the same turn are in the first group already.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#alone.length > 0) {
      if (this.#waiting.length > 0) await this.#writeNext();
      await this.#alone.shift()?.();
    }
    this.#running = undefined;
  }

  async #writeNext(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#writeGroup(
        group.flatMap(({ items }) => items),
        group.some(({ isDurable }) => isDurable),
      );
      for (const { resolve } of group) resolve();
    } catch (error) {
      const failure = this.#failure ?? this.#toFailure(error);
      this.#failure = failure;
      for (const { reject } of group) reject(failure);
    }
  }
}
