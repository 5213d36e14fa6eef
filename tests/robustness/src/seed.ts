/** Chance that can be repeated: everything random in a test comes from one printed seed. */
export interface Chance {
  /** A number in [0, 1). */
  unit(): number;
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number;
  /** One of the items, of which there is at least one. */
  pick<T>(items: readonly T[]): T;
  /** A chance of its own, so that what one part draws does not move another. */
  fork(): Chance;
}

/** The seed of this run: `PARLEY_SEED`, else a new one. */
export function seedOfRun(): number {
  const given = process.env["PARLEY_SEED"];
  if (given === undefined) return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error("PARLEY_SEED must be a whole number.");
  return seed;
}

/** Mulberry32: 32 bits of state, enough for a test. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(unit() * count);
  return {
    unit,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("Nothing to pick from.");
      return item;
    },
    fork: () => createChance(below(2 ** 31)),
  };
}
