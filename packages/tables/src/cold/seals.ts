import type { Key, TableSpec } from "../tables.js";

/** Seals what lies outside of the tables but belongs to their rows. */
export interface Seals {
  /** Bound to a place that it cannot be moved from. */
  seal(place: SealPlace, value: Uint8Array): Promise<Uint8Array>;
  /** Undefined when the key was destroyed. Errors: "tables-corrupt", "key-missing". */
  open(place: SealPlace, sealed: Uint8Array): Uint8Array | undefined;
}

/** The key of a row, there or not. */
export interface SealPlace {
  readonly table: TableSpec;
  readonly partition: Key;
  readonly sort: Key;
}

/** For an installation that is not encrypted. */
export const noSeals: Seals = {
  seal: async (_place, value) => value,
  open: (_place, sealed) => sealed,
};
