/** Time that moves only when a test says so. */
import type { Clock, Scheduler, Timer } from "../ports.js";

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** 2026-11-01, so that times look like times. */
const START_MS = 1_793_491_200_000;
/** More steps than this in one advance is a loop without end. */
const STEPS_MAX = 200_000;

/** A clock and a scheduler on one time line: tasks run in the order of their times, promises settle between them. */
export class ManualTime implements Clock, Scheduler {
  /** Since an arbitrary start; not 0, which many take for "never". */
  #elapsedMs = 1;
  #jumpedMs = 0;
  #order = 0;
  readonly #tasks = new Set<Task>();

  nowMs(): number {
    return START_MS + this.#elapsedMs + this.#jumpedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** Tasks that wait for their time. */
  get waiting(): number {
    return this.#tasks.size;
  }

  after(delayMs: number, run: () => void): Timer {
    const task: Task = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#tasks.add(task);
    return { cancel: () => void this.#tasks.delete(task) };
  }

  every(intervalMs: number, run: () => void): Timer {
    let isCancelled = false;
    let timer: Timer;
    const again = (): void => {
      timer = this.after(intervalMs, () => {
        run();
        if (!isCancelled) again();
      });
    };
    again();
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** The wall clock alone jumps, as when an operator sets it. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }

  /** Lets everything run that is due now, promises included. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** Runs everything that is due within `byMs`, in order. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    for (let step = 0; step < STEPS_MAX; step++) {
      await promisesSettled();
      const task = this.#takeDue(untilMs);
      if (task === undefined) {
        this.#elapsedMs = untilMs;
        return;
      }
      this.#elapsedMs = Math.max(this.#elapsedMs, task.atMs);
      task.run();
    }
    throw new Error("The manual time has work without end.");
  }

  /** What `promise` comes to within `maxMs` of this time. */
  async run<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    const progress = { isSettled: false };
    const done = promise.finally(() => {
      progress.isSettled = true;
    });
    done.catch(() => undefined);
    for (let passedMs = 0; passedMs <= maxMs; passedMs += 10) {
      await this.advance(passedMs === 0 ? 0 : 10);
      if (progress.isSettled) return done;
    }
    throw new Error(`Nothing came of it in ${maxMs} ms of manual time.`);
  }

  #takeDue(untilMs: number): Task | undefined {
    let first: Task | undefined;
    for (const task of this.#tasks) {
      if (task.atMs > untilMs) continue;
      const isFirst =
        first === undefined ||
        task.atMs < first.atMs ||
        (task.atMs === first.atMs && task.order < first.order);
      if (isFirst) first = task;
    }
    if (first !== undefined) this.#tasks.delete(first);
    return first;
  }
}

/** A turn of the event loop: everything that waits for promises only has run. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
