/** Opening the keys of a data directory, or making them for a new one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Ambient, Failure } from "@parley/base";
import { type DataDirectory, keyFilesOn, systemFiles } from "@parley/engine-embedded";
import { KeyStore, Keyring, type MasterKeySource, parseMasterKey, secretKey } from "@parley/keys";
import { masterKeyFile } from "./master-key-sources.js";
import { type KeysFolder, makeOwnMaster, MASTER_FILE, openWithOwnMaster } from "./own-master-key.js";

const STORE_FILE = "store";
const KEYS_FOLDER = "keys";

export interface KeyringOptions {
  readonly directory: DataDirectory;
  /** The master key; without it, the one in the directory. */
  readonly masterKey: Uint8Array | undefined;
  readonly ambient: Ambient;
}

/**
 * Opens the key store of a directory. A new directory gets one, and a master key of its own when none is given.
 * Errors: "master-key-missing", "master-key-exposed", "master-key-malformed", "master-key-wrong", "key-store-missing",
 *   "keys-corrupt"; nothing is changed then.
 */
export async function openKeyring({ directory, masterKey, ambient }: KeyringOptions): Promise<Keyring> {
  const folder = { path: directory.keysPath, files: systemFiles };
  const files = keyFilesOn(folder.path, folder.files);
  const readKey = (name: string): Promise<Uint8Array> =>
    readMasterKey(masterKeyFile(join(folder.path, name)));
  const isNew = !existsSync(directory.journalPath) && !existsSync(directory.tablesPath);
  if (isNew && masterKey === undefined) await findOwnMaster(folder, ambient);
  const store =
    isNew && !existsSync(join(folder.path, STORE_FILE))
      ? await KeyStore.create(files, secretKey(masterKey ?? (await readKey(MASTER_FILE))), ambient.random)
      : masterKey === undefined
        ? await openWithOwnMaster(folder, readKey)
        : await KeyStore.open(files, secretKey(masterKey));
  return new Keyring({ ...ambient, store });
}

/**
 * Opens the keys of a copy of a directory, to read with; undefined when it has none, for what it holds is not sealed.
 * Effects: none. Errors: as `openKeyring`; "master-key-missing" without a master key, which no copy has.
 */
export async function openCopiedKeyring(
  directory: string,
  masterKey: Uint8Array | undefined,
  ambient: Ambient,
): Promise<Keyring | undefined> {
  const files = keyFilesOn(join(directory, KEYS_FOLDER), systemFiles);
  if (!existsSync(join(files.path, STORE_FILE))) return undefined;
  if (masterKey === undefined) {
    throw new Failure(
      "master-key-missing",
      "What is to be read is encrypted, and a copy has no master key: say where it is with --master-key-file.",
      { retry: "after-change" },
    );
  }
  return new Keyring({ ...ambient, store: await KeyStore.open(files, secretKey(masterKey)) });
}

/** The key that a source gives. Errors: those of the source, "master-key-malformed". */
export async function readMasterKey(source: MasterKeySource): Promise<Uint8Array> {
  return parseMasterKey(await source.read(), source.name);
}

async function findOwnMaster(folder: KeysFolder, { random, logger }: Ambient): Promise<void> {
  const path = join(folder.path, MASTER_FILE);
  if (existsSync(path)) return;
  await makeOwnMaster(folder, random);
  logger.warn("master-key-made", {
    path,
    advice: "It lies beside what it protects. Keep a copy elsewhere; move it away with --master-key-file.",
  });
}
