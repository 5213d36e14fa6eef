/** Requests about one thing go one after another, so that what was done last stays. */
import { Failure, TaskQueue } from "@parley/base";

interface Line {
  readonly queue: TaskQueue;
  count: number;
}

export class OrderedCalls {
  /** What is on its way or waits, by name. */
  readonly #lines = new Map<string, Line>();
  readonly #waitingMax: number;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Errors: those of the call; "unavailable" when too many of one name wait. */
  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { queue: new TaskQueue(), count: 0 };
    if (line.count >= this.#waitingMax)
      throw new Failure("unavailable", "Too many changes of the same wait.", { retry: "same" });
    this.#lines.set(name, line);
    line.count += 1;
    try {
      return await line.queue.run(call);
    } finally {
      line.count -= 1;
      if (line.count === 0) this.#lines.delete(name);
    }
  }
}
