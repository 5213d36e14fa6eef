/** What all judges share: the history, what was found so far, and the indexes over the history. */
import type { Findings } from "../findings.js";
import type { History } from "../history/history.js";
import type { Changes } from "./changes.js";
import type { Hidings } from "./hidings.js";
import type { Memberships } from "./memberships.js";
import type { PairMap } from "./pair-map.js";
import type { Places } from "./places.js";
import type { Queues } from "./queues.js";
import type { Speaker } from "./speaker.js";
import type { Trims } from "./trims.js";

/** No sequence: they begin with 1. */
export const NOWHERE = 0;

export interface Story {
  readonly history: History;
  readonly findings: Findings;
  readonly speaker: Speaker;
}

export interface Run extends Story {
  readonly places: Places;
  readonly memberships: Memberships;
  readonly hidings: Hidings;
  readonly trims: Trims;
  readonly changes: Changes;
  readonly queues: Queues;
  /** By conversation and device, as entries say at the end; NOWHERE where the user is no member. */
  readonly firstVisibles: PairMap<number>;
  /** Counts what a device that could not drain did not get to. */
  unseen: number;
}
