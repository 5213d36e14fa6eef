/**
 * The simulated machine room: one virtual time line on which everything happens, one thing after another.
 *
 *   pop the earliest event ─► run it ─► let every promise settle that it has set off ─► pop the next …
 *
 * Everything that takes time or comes from chance goes through here, so one seed is one run:
 *
 *   K1  Events run in the order of their times; among equal times a seeded draw decides, so that no code can rely on it.
 *   K2  Between two events no promise is left that could go on: what waits, waits for an event.
 *   K3  What belongs to a process that was killed never runs again. What belongs to a paused one waits for it.
 */
import {
  type Ambient,
  type Clock,
  type Logger,
  messageOf,
  type Random,
  type Scheduler,
  type Timer,
} from "@parley/base";
import { TraceHash } from "./trace-hash.js";
import { EventQueue, type SimulationEvent } from "./event-queue.js";
import { SeededRandom } from "./seeded-random.js";

/** 2026-11-01, so that times look like times. */
const START_MS = 1_793_491_200_000;

/** A line of what happened, for a readable replay. */
export interface TraceLine {
  readonly atMs: number;
  readonly process: string;
  readonly text: string;
}

export class Kernel {
  readonly random: SeededRandom;
  /** Called with what happens, when somebody reads along. */
  onTrace: ((line: TraceLine) => void) | undefined;
  readonly #queue = new EventQueue();
  readonly #hash = new TraceHash();
  readonly #order: SeededRandom;
  /** What waited for a process that was paused, in order, to run before anything else. */
  readonly #overdue: SimulationEvent[] = [];
  #nowMs = 0;
  #sequence = 0;
  #eventCount = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#order = this.random.fork();
  }

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Sums up everything that happened so far, in order. */
  get traceHash(): string {
    return this.#hash.text();
  }

  /** Runs `task` after `delayMs`, on behalf of nobody who could be killed. */
  after(delayMs: number, label: string, task: () => void): Timer {
    return this.schedule(undefined, delayMs, label, task);
  }

  schedule(process: Process | undefined, delayMs: number, label: string, run: () => void): Timer {
    const event: SimulationEvent = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      draw: this.#order.integer(0x7fffffff),
      sequence: this.#sequence++,
      label,
      process,
      run,
      isCancelled: false,
    };
    this.#queue.push(event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  /** Notes something that matters for the trace: it changes the hash, and readers are told. */
  note(process: string, text: string): void {
    this.#hash.add(`${this.#nowMs} ${process} ${text}`);
    this.onTrace?.({ atMs: this.#nowMs, process, text });
  }

  /** Runs what happens until a time, or until `isDone`. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await turns(() => {
      if (isDone()) return false;
      const event = this.#next(untilMs);
      if (event === undefined) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#runNow(event);
      return true;
    });
  }

  /** What a promise, named for the complaint, comes to within `withinMs` of virtual time. */
  async outcome<T>(what: string, promise: Promise<T>, withinMs: number): Promise<T> {
    const progress = { isSettled: false };
    const settled = promise.finally(() => {
      progress.isSettled = true;
    });
    settled.catch(() => undefined);
    await this.run(this.#nowMs + withinMs, () => progress.isSettled);
    if (!progress.isSettled) throw new Error(`${what} did not end in ${withinMs} ms of virtual time.`);
    return settled;
  }

  /** The event to run now, with the time moved to it; `undefined` when there is none until `untilMs`. */
  #next(untilMs: number): SimulationEvent | undefined {
    for (;;) {
      const overdue = this.#overdue.shift();
      if (overdue !== undefined) {
        if (isRunnable(overdue)) return overdue;
        continue;
      }
      const event = this.#queue.peek();
      if (event === undefined || event.atMs > untilMs) return undefined;
      this.#queue.pop();
      if (!isRunnable(event)) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      const { process } = event;
      if (process === undefined) return event;
      if (process.pausedUntilMs > this.#nowMs) {
        process.waiting.push(event);
        if (process.waiting.length === 1) this.#goOnLater(process);
        continue;
      }
      if (process.waiting.length === 0) return event;
      // What came while the process was paused comes first: a connection keeps the order of its packets.
      this.#overdue.push(...process.waiting.splice(0), event);
    }
  }

  /** Has what waits run when the pause is over, however often it is made longer. */
  #goOnLater(process: Process): void {
    this.after(process.pausedUntilMs - this.#nowMs, `${process.name} goes on`, () => {
      if (process.pausedUntilMs > this.#nowMs) this.#goOnLater(process);
      // An event of the process itself: it finds those that wait, and runs them first.
      else this.schedule(process, 0, `${process.name} is back`, () => undefined);
    });
  }

  #runNow(event: SimulationEvent): void {
    this.#eventCount += 1;
    this.#hash.addEvent(this.#nowMs, event.sequence, event.label);
    event.run();
  }
}

function isRunnable({ isCancelled, process }: SimulationEvent): boolean {
  return !isCancelled && process?.isAlive !== false;
}

/** One process: its clock, its timers, its chance. It can be paused, and killed. */
export class Process {
  readonly name: string;
  readonly ambient: Ambient;
  /** Until then nothing of it runs. */
  pausedUntilMs = 0;
  /** Events that wait for the end of the pause, in the order in which they came. */
  readonly waiting: SimulationEvent[] = [];
  /** What its wall clock is wrong by. */
  skewMs = 0;
  readonly #kernel: Kernel;
  #isAlive = true;

  constructor(kernel: Kernel, name: string, logger: Logger) {
    this.#kernel = kernel;
    this.name = name;
    this.ambient = { clock: this.#clock(), scheduler: this.#scheduler(), random: this.#random(), logger };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Ends it at this very point. What it waits for never comes. */
  kill(): void {
    this.#isAlive = false;
    this.#kernel.note(this.name, "killed");
  }

  /** Stops it as SIGSTOP does. */
  pause(forMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.#kernel.nowMs + forMs);
    this.#kernel.note(this.name, `paused for ${forMs} ms`);
  }

  /** Resolves after `delayMs`, or never when the process is killed before. */
  sleep(delayMs: number, label: string): Promise<void> {
    return new Promise((resolve) => {
      this.#kernel.schedule(this, delayMs, label, resolve);
    });
  }

  #clock(): Clock {
    return {
      nowMs: () => START_MS + Math.floor(this.#kernel.nowMs) + this.skewMs,
      // Not 0, which many take for "never".
      monotonicMs: () => 1 + this.#kernel.nowMs,
    };
  }

  #scheduler(): Scheduler {
    const after = (delayMs: number, task: () => void): Timer =>
      this.#kernel.schedule(this, delayMs, `${this.name} timer`, task);
    return {
      after,
      every: (intervalMs, task) => {
        let isCancelled = false;
        let timer: Timer;
        const again = (): void => {
          timer = after(intervalMs, () => {
            task();
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
      },
      soon: (task) => void after(0, task),
    };
  }

  #random(): Random {
    const random = this.#kernel.random.fork();
    return {
      unit: () => random.unit(),
      bytes: (length) => Uint8Array.from({ length }, () => random.integer(256)),
    };
  }
}

/** Taken before the ambient timers are poisoned. */
const { setImmediate: nextTurn } = globalThis;

/** Steps that are asked for at once. The operating system is polled once for all of them, which is a quarter of the time. */
const STEPS_AT_ONCE = 64;

/**
 * Takes steps until one returns false. Before each, every promise has settled that could: between two immediates
 * everything runs that waits for promises only.
 */
function turns(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isDone = false;
    const take = (): void => {
      if (isDone) return;
      try {
        isDone = !step();
        if (isDone) resolve();
      } catch (error) {
        isDone = true;
        reject(error instanceof Error ? error : new Error(messageOf(error)));
      }
    };
    const ask = (): void => {
      for (let count = 0; count < STEPS_AT_ONCE; count++) nextTurn(take);
      nextTurn(() => {
        if (!isDone) ask();
      });
    };
    ask();
  });
}
