import { seededRandom } from "@parley/base/testing";

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

export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const unit = (): number => random.unit();
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
