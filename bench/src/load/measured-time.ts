import type { Histogram } from "../histogram.js";

/** The part of a run that is measured, between its warm-up and its end. */
export class MeasuredTime {
  #isNow = false;
  #beganMs = Number.POSITIVE_INFINITY;
  #endedMs = Number.POSITIVE_INFINITY;

  /** Whether what happens now is counted. */
  get isNow(): boolean {
    return this.#isNow;
  }

  get seconds(): number {
    return (this.#endedMs - this.#beganMs) / 1000;
  }

  /** Once more is another time. */
  begin(): void {
    this.#isNow = true;
    this.#beganMs = performance.now();
    this.#endedMs = Number.POSITIVE_INFINITY;
  }

  end(): void {
    this.#isNow = false;
    this.#endedMs = performance.now();
  }

  /** Adds the latency of a message that came just now. Those that were due within this time count, whenever they come. */
  add(histogram: Histogram, dueMs: number): void {
    if (dueMs >= this.#beganMs && dueMs < this.#endedMs) histogram.add(performance.now() - dueMs);
  }
}
