/**
 * Time, chance and waiting come in through these ports, so that the same code runs against the real machine and in a
 * simulated one.
 */

/** Wall-clock time. Never used to order anything: order comes from log offsets. */
export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. May jump in both directions. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, never going back; for measuring how long something took. */
  monotonicMs(): number;
}

/** A source of random bytes. In production it must be cryptographically strong: tokens come from it. */
export interface Random {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1). For jitter and sampling, never for secrets. */
  unit(): number;
}

/** A started timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Runs work later. A timer never keeps the process alive by itself. */
export interface Scheduler {
  /** Runs `task` once after `delayMs`. A task must not throw. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `intervalMs`, first after one interval. */
  every(intervalMs: number, task: () => void): Timer;
  /** Runs `task` after the work of this turn (input already read, promises already settled) is done. */
  soon(task: () => void): void;
}

/** What a service may say to its operator. Field values are ids, counts and codes; never content or secrets. */
export interface Logger {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  error(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

/** The ambient ports that nearly every component receives. */
export interface Ambient {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Sleeps for `delayMs`. */
export function sleep(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(delayMs, resolve);
  });
}

/** Resolves when the work of this turn is done: lets others run in the middle of a long task. */
export function turn(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    scheduler.soon(resolve);
  });
}
