/** Time that only moves when a test says so; and chance from a seed. */
import type { Ambient, Clock, Random, Scheduler, Timer } from "@parley/base";

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** 2026-11-01, so that times look like times. */
const START_MS = 1_793_491_200_000;
/** More steps than this in one advance is a loop without end. */
const STEPS_MAX = 200_000;

export class VirtualScheduler implements Scheduler, Clock {
  #nowMs = 0;
  #order = 0;
  #tasks: Task[] = [];

  nowMs(): number {
    return START_MS + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const task: Task = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#tasks.push(task);
    return {
      cancel: () => {
        this.#tasks = this.#tasks.filter((one) => one !== task);
      },
    };
  }

  every(intervalMs: number, run: () => void): Timer {
    let timer: Timer;
    let isCancelled = false;
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

  /** Runs everything that is due within `delayMs`, in order, and lets promises settle between. */
  async advance(delayMs: number): Promise<void> {
    const untilMs = this.#nowMs + delayMs;
    for (let step = 0; step < STEPS_MAX; step++) {
      await settle();
      const task = this.#takeDue(untilMs);
      if (task === undefined) {
        this.#nowMs = untilMs;
        return;
      }
      this.#nowMs = Math.max(this.#nowMs, task.atMs);
      task.run();
    }
    throw new Error("The virtual time has work without end.");
  }

  /** Advances until `promise` settles, at most `maxMs`. */
  async run<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    const progress = { isSettled: false };
    const done = promise.finally(() => {
      progress.isSettled = true;
    });
    done.catch(() => undefined);
    for (let ms = 0; ms < maxMs && !progress.isSettled; ms += 10) await this.advance(10);
    if (!progress.isSettled) throw new Error(`Nothing came of it in ${maxMs} ms of virtual time.`);
    return done;
  }

  #takeDue(untilMs: number): Task | undefined {
    let first: Task | undefined;
    for (const task of this.#tasks) {
      if (task.atMs > untilMs) continue;
      const isEarlier =
        first === undefined ||
        task.atMs < first.atMs ||
        (task.atMs === first.atMs && task.order < first.order);
      if (isEarlier) first = task;
    }
    if (first !== undefined) this.#tasks = this.#tasks.filter((one) => one !== first);
    return first;
  }
}

/** Chance that is the same in every run (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { unit, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(unit() * 256)) };
}

/** The ports of a virtual machine. */
export function virtualAmbient(scheduler: VirtualScheduler, seed = 1): Ambient {
  const logger = { info() {}, warn() {}, error() {} };
  return { clock: scheduler, scheduler, random: seededRandom(seed), logger };
}

/** Lets everything run that waits for promises only. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
