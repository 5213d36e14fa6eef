/** So many times in a span of time, for each of many. */
import { type Clock, LruMap } from "@parley/base";

export interface AllowanceOptions {
  readonly clock: Clock;
  readonly timesMax: number;
  readonly spanMs: number;
  /** Those beyond it who were not heard of for longest begin anew. */
  readonly countedMax: number;
}

export class Allowance {
  readonly #options: AllowanceOptions;
  readonly #used = new LruMap<string, { readonly span: number; times: number }>();

  constructor(options: AllowanceOptions) {
    this.#options = options;
  }

  /** Milliseconds until it may be done; 0: now, and it counts as done. */
  take(name: string): number {
    const { clock, timesMax, spanMs, countedMax } = this.#options;
    const nowMs = clock.monotonicMs();
    const span = Math.floor(nowMs / spanMs);
    let used = this.#used.find(name);
    if (used?.span !== span) {
      used = { span, times: 0 };
      this.#used.put(name, used);
      this.#used.cutTo(countedMax);
    }
    if (used.times >= timesMax) return (span + 1) * spanMs - nowMs;
    used.times += 1;
    return 0;
  }
}
