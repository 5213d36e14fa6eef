/** What lies on the disk under the tables of the services. */
import type { Random, Scheduler } from "@parley/base";
import { type DataDirectory, DirectoryObjects, systemFiles } from "@parley/engine-embedded";
import type { Keyring } from "@parley/keys";
import { type ColdOptions, noSeals, SealedTables, type Tables } from "@parley/tables";

/** The cold tier of a data directory: in a directory of its own, sealed as the tables are. */
export function coldIn(
  { coldPath }: DataDirectory,
  { sealed, random }: { readonly sealed: SealedTables | undefined; readonly random: Random },
): ColdOptions {
  return { objects: new DirectoryObjects(coldPath, systemFiles), seals: sealed ?? noSeals, random };
}

/** Undefined when nothing is sealed. */
export function sealedOver(
  tables: Tables,
  keyring: Keyring | undefined,
  scheduler: Scheduler,
): SealedTables | undefined {
  return keyring === undefined ? undefined : new SealedTables({ tables, keyring, scheduler });
}
