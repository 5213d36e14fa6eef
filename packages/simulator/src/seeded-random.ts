/** Chance from a seed (xoshiro128**, seeded by splitmix32). */
export class SeededRandom {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    let mixed = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      return (word ^ (word >>> 15)) >>> 0;
    });
  }

  /** Another source, which draws independently of this one from now on. */
  fork(): SeededRandom {
    return new SeededRandom(this.#word());
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.#word() / 2 ** 32;
  }

  /** From 0 to below `bound`. */
  integer(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.integer(high - low + 1);
  }

  isTrue(probability: number): boolean {
    return this.unit() < probability;
  }

  /** One of the items; there is at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  /** A waiting time whose mean is `meanMs`: mostly shorter, now and then much longer. */
  waitMs(meanMs: number): number {
    return -Math.log(1 - this.unit()) * meanMs;
  }

  #word(): number {
    const state = this.#state;
    const result = Math.imul(rotate(Math.imul(state[1]!, 5), 7), 9) >>> 0;
    const shifted = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = rotate(state[3]!, 11);
    return result;
  }
}

function rotate(word: number, by: number): number {
  return ((word << by) | (word >>> (32 - by))) >>> 0;
}
