/**
 * Packs the tails of all partitions of a table: work for a tool, at the packer's pace.
 *
 *   some partitions ─► pack their tails, alone ─► pause ─► again, until nothing of them is left to pack ─► the next ones …
 */
import { assert, type Clock } from "@parley/base";
import type { Pauses } from "../pauses.js";
import type { Key, TableSpec } from "../tables.js";
import { PAUSE_FACTOR, type Place } from "./packer.js";

/** Their tails may be as long as can be: 30 milliseconds of work then. */
const PARTITIONS_PER_STEP = 4;
/** Each packs a part of a tail. Beyond that it is writers who keep a partition going, and it has been packed meanwhile. */
const STEPS_PER_PARTITION_MAX = 100_000;

export interface PackProgress {
  readonly table: string;
  /** Partitions that it has gone through, and rows that were packed. */
  readonly partitions: number;
  readonly rows: number;
}

/** How packing is done. */
export interface PackWork {
  /** Pauses so many times as long as it works. Default 4. */
  readonly pauseFactor?: number;
  /** Called after each step. */
  readonly onProgress?: (progress: PackProgress) => void;
}

export interface PackAccess {
  readonly clock: Clock;
  readonly pauses: Pauses;
  readonly nextPartition: (after: Key | undefined) => Promise<Key | undefined>;
  /** Packs the tails of some partitions while nobody else writes; resolves with how many rows were packed. */
  readonly pack: (places: readonly Place[]) => Promise<number>;
}

/** Errors: "tables-closed", those of the engine. */
export async function packAll(
  table: TableSpec,
  { pauseFactor = PAUSE_FACTOR, onProgress }: PackWork,
  { clock, pauses, nextPartition, pack }: PackAccess,
): Promise<void> {
  assert(pauseFactor >= 0, "a pause takes some time or none");
  let partitions = 0;
  let rows = 0;
  let after: Key | undefined;
  for (let isDone = false; !isDone;) {
    const places: Place[] = [];
    while (places.length < PARTITIONS_PER_STEP && !isDone) {
      const partition = await nextPartition(after);
      isDone = partition === undefined;
      if (partition === undefined) break;
      places.push({ table, partition });
      after = partition;
    }
    for (let step = 0; step < STEPS_PER_PARTITION_MAX && places.length > 0; step++) {
      const packed = await pauses.after(clock, pauseFactor, () => pack(places));
      rows += packed;
      if (packed === 0) break;
    }
    partitions += places.length;
    onProgress?.({ table: table.name, partitions, rows });
  }
}
