import { Failure } from "./failure.js";

export interface SlotsOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  /** Said to those who find no place to wait. */
  readonly refusal: string;
  readonly retryAfterMs?: number;
}

/** So many tasks run at a time; some more wait in the order in which they came. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** Runs a task when it is its turn. Errors: "too-many-requests", with nothing done; those of the task. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const { runningMax, waitingMax, refusal, retryAfterMs = 0 } = this.#options;
    const isFull = this.#runningCount >= runningMax;
    if (isFull && this.#waiting.length >= waitingMax)
      throw new Failure("too-many-requests", refusal, { retry: "same", retryAfterMs });
    if (isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#runningCount += 1;
    try {
      return await task();
    } finally {
      // Whoever waits longest takes the place as it is.
      const next = this.#waiting.shift();
      if (next === undefined) this.#runningCount -= 1;
      else next();
    }
  }
}
