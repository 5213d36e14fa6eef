/** Buckets per power of two: a value is known to 1/128, below 0.8 %. */
const BUCKETS_PER_OCTAVE = 128;
/** Powers of two above the exact part: up to 2^37 microseconds, 38 hours. */
const OCTAVES = 31;
const MICROSECONDS_MAX = BUCKETS_PER_OCTAVE * 2 ** (OCTAVES - 1) - 1;

/** Durations in whole microseconds in logarithmic buckets, as HdrHistogram does it. Cost: 32 KB, constant. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS_PER_OCTAVE * OCTAVES);
  #count = 0;
  #maxMicroseconds = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMicroseconds / 1000;
  }

  add(durationMs: number): void {
    const value = Math.min(MICROSECONDS_MAX, Math.max(0, Math.round(durationMs * 1000)));
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    if (value > this.#maxMicroseconds) this.#maxMicroseconds = value;
  }

  /** The duration that `share` of all durations do not exceed, from 0 to 1; rounded up to its bucket. NaN when empty. */
  quantileMs(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let rest = Math.max(1, Math.ceil(this.#count * share));
    for (let index = 0; index < this.#counts.length; index++) {
      rest -= this.#counts[index] ?? 0;
      if (rest <= 0) return Math.min(largestOf(index), this.#maxMicroseconds) / 1000;
    }
    return this.maxMs;
  }
}

function bucketOf(value: number): number {
  if (value < BUCKETS_PER_OCTAVE) return value;
  const octave = Math.floor(Math.log2(value)) - 6;
  return octave * BUCKETS_PER_OCTAVE + Math.floor(value / 2 ** (octave - 1)) - BUCKETS_PER_OCTAVE;
}

function largestOf(index: number): number {
  if (index < BUCKETS_PER_OCTAVE) return index;
  const octave = Math.floor(index / BUCKETS_PER_OCTAVE);
  const step = (index % BUCKETS_PER_OCTAVE) + BUCKETS_PER_OCTAVE;
  return (step + 1) * 2 ** (octave - 1) - 1;
}
