/** Exponential backoff with full jitter: the n-th wait is uniform in [0, base * 2^n), so that a crowd spreads out. */
import type { Random } from "@parley/base";
import { BACKOFF_BASE_MS, BACKOFF_MS_MAX } from "./limits.js";

/** Beyond this exponent the cap holds in any case; it keeps the power finite. */
const EXPONENT_MAX = 20;

/** The wait before try `attempt`, counted from 0: up to 250 ms first, 30 s at most. */
export function backoffMs(attempt: number, random: Random): number {
  const capMs = Math.min(BACKOFF_MS_MAX, BACKOFF_BASE_MS * 2 ** Math.min(attempt, EXPONENT_MAX));
  return Math.floor(random.unit() * capMs);
}
