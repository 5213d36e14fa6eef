/** What lies on the disk under the tables of the services. */
import type { Random, Scheduler } from "@parley/base";
import { checksums, keyringSeals } from "@parley/blobs";
import { type DataDirectory, DirectoryBlobs, DirectoryObjects, systemFiles } from "@parley/engine-embedded";
import type { Keyring } from "@parley/keys";
import type { MediaLimits } from "@parley/media";
import { type ColdOptions, noSeals, SealedTables, type Tables } from "@parley/tables";
import type { MediaOptions } from "./media/wire-media.js";

const MIB = 1024 * 1024;
export const DEFAULT_MEDIA_LIMITS: MediaLimits = { fileBytesMax: 100 * MIB, uploadingBytesMax: 1024 * MIB };

/** The cold tier of a data directory: in a directory of its own, sealed as the tables are. */
export function coldIn(
  { coldPath }: DataDirectory,
  { sealed, random }: { readonly sealed: SealedTables | undefined; readonly random: Random },
): ColdOptions {
  return { objects: new DirectoryObjects(coldPath, systemFiles), seals: sealed ?? noSeals, random };
}

/** Files of messages in a data directory: in a directory of their own, sealed as everything else. */
export function mediaIn(
  { mediaPath }: DataDirectory,
  keyring: Keyring | undefined,
  { mediaLimits, reserveBytes = 0 }: { readonly mediaLimits?: MediaLimits; readonly reserveBytes?: number },
): MediaOptions {
  const parts = new DirectoryBlobs({ directory: mediaPath, files: systemFiles, reserveBytes });
  const seals = keyring === undefined ? checksums : keyringSeals(keyring);
  return { parts, seals, limits: mediaLimits ?? DEFAULT_MEDIA_LIMITS };
}

/** Undefined when nothing is sealed. */
export function sealedOver(
  tables: Tables,
  keyring: Keyring | undefined,
  scheduler: Scheduler,
): SealedTables | undefined {
  return keyring === undefined ? undefined : new SealedTables({ tables, keyring, scheduler });
}
