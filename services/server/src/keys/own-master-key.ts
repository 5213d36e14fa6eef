/**
 * The master key that lies in the data directory, and how it is replaced without a moment in which none fits:
 *
 *   new key ─► master.key.new, durable ─► the store is wrapped by it ─► master.key, durable ─► master.key.new is removed
 *
 * After a stop in between, one of the two files fits, and the next opening finishes what was begun. The file is written twice
 * and not renamed, because a renaming that loses its power may leave neither of its names on some file systems.
 */
import { failureCode, type Random } from "@parley/base";
import { type FileOps, keyFilesOn } from "@parley/engine-embedded";
import { type KeyFiles, KeyStore, type Keyring, newMasterKey, parseMasterKey, secretKey } from "@parley/keys";
import { join } from "node:path";

export const MASTER_FILE = "master.key";
/** The next master key, until the other file holds it. */
export const NEXT_MASTER_FILE = "master.key.new";
const DRAFT_FILE = "master.key.draft";

/** Where the store lies, and the master key beside it. */
export interface KeysFolder {
  readonly path: string;
  readonly files: FileOps;
}

/**
 * Opens the store with the master key in its folder, and finishes a rotation that was cut off. `readKey` reads the key in a file.
 * Errors: those of `readKey` and of `KeyStore.open`.
 */
export async function openWithOwnMaster(
  { path, files }: KeysFolder,
  readKey: (name: string) => Promise<Uint8Array>,
): Promise<KeyStore> {
  const keyFiles = keyFilesOn(path, files);
  const next = await keyFiles.read(NEXT_MASTER_FILE);
  let store: KeyStore;
  try {
    store = await KeyStore.open(keyFiles, secretKey(await readKey(MASTER_FILE)));
  } catch (error) {
    if (failureCode(error) !== "master-key-wrong" || next === undefined) throw error;
    store = await KeyStore.open(keyFiles, secretKey(await readKey(NEXT_MASTER_FILE)));
    await writeMaster(keyFiles, next);
  }
  if (next !== undefined) await files.remove(join(path, NEXT_MASTER_FILE));
  return store;
}

/** Writes a master key where there is none. */
export async function makeOwnMaster({ path, files }: KeysFolder, random: Random): Promise<void> {
  await writeMaster(keyFilesOn(path, files), Buffer.from(newMasterKey(random), "utf8"));
}

/** Puts a new master key in the place of the one in the folder. */
export async function renewOwnMaster(
  keyring: Keyring,
  { path, files }: KeysFolder,
  random: Random,
): Promise<void> {
  const keyFiles = keyFilesOn(path, files);
  const text = newMasterKey(random);
  const bytes = Buffer.from(text, "utf8");
  await keyFiles.write(NEXT_MASTER_FILE, bytes);
  // Its name too: after the next step it is the only key that fits.
  await files.syncDirectory(path);
  await keyring.rotateMaster(parseMasterKey(text, NEXT_MASTER_FILE));
  await writeMaster(keyFiles, bytes);
  await files.remove(join(path, NEXT_MASTER_FILE));
}

/** Puts a master key from elsewhere in force, and removes what the folder has of its own. */
export async function leaveOwnMaster(
  keyring: Keyring,
  { path, files }: KeysFolder,
  master: Uint8Array,
): Promise<void> {
  await keyring.rotateMaster(master);
  for (const name of [NEXT_MASTER_FILE, DRAFT_FILE, MASTER_FILE]) await files.remove(join(path, name));
}

async function writeMaster(files: KeyFiles, content: Uint8Array): Promise<void> {
  await files.write(DRAFT_FILE, content);
  await files.rename(DRAFT_FILE, MASTER_FILE);
}
