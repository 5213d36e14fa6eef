/**
 * How often events are committed: in quiet times each comes at once; under load those of about `COMMIT_STEP_MS` share a commit, and
 * what is shown is drawn once for them.
 */
import { COMMIT_STEP_MS, COMMITS_AT_ONCE } from "./limits.js";

export class CommitPace {
  /** Until when the commits so far are spread out, had each taken its step. */
  #spreadMs = -Infinity;

  /** A commit ended, at a time of the monotonic clock. */
  note(nowMs: number): void {
    this.#spreadMs = Math.max(nowMs, this.#spreadMs) + COMMIT_STEP_MS;
  }

  /** How long the next one waits for others to join it; 0 as long as there were few lately. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#spreadMs - COMMITS_AT_ONCE * COMMIT_STEP_MS - nowMs);
  }
}
