import type { Clock, Scheduler } from "@parley/base";

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

/** A scheduler whose timers fire only when told to. */
export class ManualScheduler implements Scheduler {
  readonly #tasks = new Set<() => void>();

  get timers(): number {
    return this.#tasks.size;
  }

  after(_delayMs: number, task: () => void): { cancel(): void } {
    this.#tasks.add(task);
    return { cancel: () => void this.#tasks.delete(task) };
  }

  every(intervalMs: number, task: () => void): { cancel(): void } {
    return this.after(intervalMs, task);
  }

  soon(task: () => void): void {
    this.#tasks.add(task);
  }

  /** Fires every timer that is set now, once. */
  fire(): void {
    for (const task of Array.from(this.#tasks)) {
      this.#tasks.delete(task);
      task();
    }
  }
}

/** A scheduler whose tasks run as soon as all promises have, without regard to time. */
export const immediateScheduler: Scheduler = {
  after: (_delayMs, task) => {
    void Promise.resolve().then(task);
    return { cancel: () => undefined };
  },
  every: () => ({ cancel: () => undefined }),
  soon: (task) => void Promise.resolve().then(task),
};
