import { randomBytes, randomFillSync } from "node:crypto";
import type { Ambient, Clock, Logger, Random, Scheduler, Timer } from "../ports.js";

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Fetched at a time: each call of the system's source costs more than a message's whole encoding. */
const POOL_BYTES = 4096;
/** As much as an id takes. Keys, tokens and whatever else is longer is fetched for itself. */
const POOLED_BYTES_MAX = 16;

const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES;

/** The operating system's random source. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > POOLED_BYTES_MAX) return new Uint8Array(randomBytes(length));
    if (poolUsed + length > POOL_BYTES) {
      randomFillSync(pool);
      poolUsed = 0;
    }
    const start = poolUsed;
    poolUsed += length;
    const given = pool.slice(start, poolUsed);
    // What was given lies nowhere else.
    pool.fill(0, start, poolUsed);
    return given;
  },
  unit: () => Math.random(),
};

/** Node's timers, none of which keeps the process alive. */
export const systemScheduler: Scheduler = {
  after(delayMs, task): Timer {
    const handle = setTimeout(task, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, task): Timer {
    const handle = setInterval(task, intervalMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  soon(task) {
    setImmediate(task);
  },
};

/** Writes one JSON line per event to standard error. */
export function jsonLogger(write: (line: string) => void = (line) => process.stderr.write(line)): Logger {
  const line =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, string | number | boolean>> = {}): void => {
      write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
    };
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

/** Says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** The real machine, with `logger` as its voice. */
export function systemAmbient(logger: Logger = silentLogger): Ambient {
  return { clock: systemClock, random: systemRandom, scheduler: systemScheduler, logger };
}
