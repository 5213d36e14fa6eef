import { seededRandom } from "@parley/base/testing";

/** Chance from 0 to 1, the same in every run of a seed, so that what is compared gets the same work. */
export function seededUnit(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.unit();
}
