/**
 * Measures something small and its baseline in turns, so that what disturbs the machine disturbs both: absolute times are those of
 * this moment, ratios are what can be compared with those of another day.
 */
import type { MicroBench } from "@parley/base/testing";
import { spreadOf } from "../results/spread.js";

export interface MicroOutcome {
  readonly name: string;
  readonly baseline: string;
  /** Medians of the rounds, once. */
  readonly nanoseconds: number;
  readonly baselineNanoseconds: number;
  /** Median of the ratios of the rounds. */
  readonly ratio: number;
}

export interface MicroPlan {
  readonly rounds: number;
  /** How long one side of a round takes. */
  readonly roundMs: number;
  /** Before the first round, each side. */
  readonly warmUpMs: number;
}

const TIMES_MAX = 2 ** 26;

/** `nowMs` is a monotonic clock. Effects: none but the processor's time. */
export function measureBench(bench: MicroBench, plan: MicroPlan, nowMs: () => number): MicroOutcome {
  const run = new Side(bench.run, nowMs);
  const baseline = new Side(bench.runBaseline, nowMs);
  for (const side of [run, baseline]) side.warmUp(plan);
  const times: number[] = [];
  const baselineTimes: number[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    // Neither is always the one that comes after the other's garbage.
    const isFirst = round % 2 === 0;
    if (isFirst) times.push(run.nanoseconds());
    baselineTimes.push(baseline.nanoseconds());
    if (!isFirst) times.push(run.nanoseconds());
  }
  return {
    name: bench.name,
    baseline: bench.baseline,
    nanoseconds: spreadOf(times).median,
    baselineNanoseconds: spreadOf(baselineTimes).median,
    ratio: spreadOf(times.map((time, round) => time / baselineTimes[round]!)).median,
  };
}

class Side {
  readonly #work: (times: number) => unknown;
  readonly #nowMs: () => number;
  #times = 1;
  #seen: unknown;

  constructor(work: (times: number) => unknown, nowMs: () => number) {
    this.#work = work;
    this.#nowMs = nowMs;
  }

  /** Finds out how often it is done in one round. */
  warmUp({ warmUpMs, roundMs }: MicroPlan): void {
    const untilMs = this.#nowMs() + warmUpMs;
    for (;;) {
      const tookMs = this.#take();
      if (tookMs < roundMs && this.#times < TIMES_MAX) this.#times *= 2;
      else if (this.#nowMs() >= untilMs) break;
    }
  }

  nanoseconds(): number {
    return (this.#take() * 1e6) / this.#times;
  }

  #take(): number {
    const beganMs = this.#nowMs();
    const result = this.#work(this.#times);
    const tookMs = this.#nowMs() - beganMs;
    if (result === undefined && result === this.#seen) throw new Error("A bench returns what it did.");
    this.#seen = result;
    return tookMs;
  }
}
