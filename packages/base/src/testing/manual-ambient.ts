import type { Ambient, Logger, Random } from "../ports.js";
import type { ManualTime } from "./manual-time.js";

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

/** Remembers the names of what was logged as a warning or an error. */
export class RecordingLogger implements Logger {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];

  info(): void {}

  warn(event: string): void {
    this.warnings.push(event);
  }

  error(event: string): void {
    this.errors.push(event);
  }
}

/** The ports of a machine whose time is `time`. */
export function manualAmbient(time: ManualTime, logger: Logger = new RecordingLogger(), seed = 1): Ambient {
  return { clock: time, scheduler: time, random: seededRandom(seed), logger };
}
