/** Made by find-planted-seeds.ts. */
import type { PlantedBugName } from "@parley/simulator";

/** Of each planted bug a seed that showed it soon when this was made. */
export const PLANTED_SEEDS: Partial<Record<PlantedBugName, number>> = {};
