/** The tables as the server has them, over one directory: LevelDB, sealed, with blocks, with indexes. */
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { keyFilesOn, openLevelTables, systemFiles } from "@parley/engine-embedded";
import { KeyStore, Keyring, secretKey } from "@parley/keys";
import {
  BlockTables,
  type IndexedTables,
  openIndexedTables,
  SealedTables,
  type TableSpec,
} from "@parley/tables";

const MASTER = secretKey(new Uint8Array(32).fill(7));

/** Opens them without indexes: an index that is declared over an empty table needs no build. */
export async function openStored(directory: string): Promise<BlockTables> {
  const ambient = systemAmbient();
  const level = await openLevelTables({ directory: join(directory, "tables"), clock: ambient.clock });
  const files = keyFilesOn(join(directory, "keys"), systemFiles);
  const isNew = (await files.read("store")) === undefined;
  const store = isNew
    ? await KeyStore.create(files, MASTER, ambient.random)
    : await KeyStore.open(files, MASTER);
  const sealed = new SealedTables({ tables: level, keyring: new Keyring({ store, ...ambient }), ...ambient });
  return new BlockTables({ tables: sealed, ...ambient });
}

/** With these tables' indexes. Closing them closes what is below. */
export function openIndexes(stored: BlockTables, declared: readonly TableSpec[]): Promise<IndexedTables> {
  const { clock, scheduler } = systemAmbient();
  return openIndexedTables({ tables: stored, declared, clock, scheduler });
}
