/** Opening the keys of a data directory, or making them for a new one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Ambient, Failure, failureCode } from "@parley/base";
import { type DataDirectory, keyFilesOn, systemFiles } from "@parley/engine-embedded";
import {
  type KeyFiles,
  KeyStore,
  Keyring,
  type MasterKeySource,
  newMasterKey,
  parseMasterKey,
  secretKey,
} from "@parley/keys";
import { masterKeyFile } from "./master-key-sources.js";

export const MASTER_FILE = "master.key";
/** The next master key, until the store is wrapped by it: after a stop in between, one of the two fits. */
export const NEXT_MASTER_FILE = "master.key.new";
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
  const files = keyFilesOn(directory.keysPath, systemFiles);
  const isNew = !existsSync(directory.journalPath) && !existsSync(directory.tablesPath);
  if (isNew && masterKey === undefined) await makeMasterKey(files, ambient);
  const master = secretKey(masterKey ?? (await ownMasterKey(files, MASTER_FILE)));
  if (isNew && !existsSync(join(files.path, STORE_FILE))) {
    return new Keyring({ ...ambient, store: await KeyStore.create(files, master, ambient.random) });
  }
  try {
    return new Keyring({ ...ambient, store: await KeyStore.open(files, master) });
  } catch (error) {
    const isRotating = masterKey === undefined && existsSync(join(files.path, NEXT_MASTER_FILE));
    if (failureCode(error) !== "master-key-wrong" || !isRotating) throw error;
    const next = secretKey(await ownMasterKey(files, NEXT_MASTER_FILE));
    const store = await KeyStore.open(files, next);
    await files.rename(NEXT_MASTER_FILE, MASTER_FILE);
    return new Keyring({ ...ambient, store });
  }
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

function ownMasterKey(files: KeyFiles, name: string): Promise<Uint8Array> {
  return readMasterKey(masterKeyFile(join(files.path, name)));
}

async function makeMasterKey(files: KeyFiles, { random, logger }: Ambient): Promise<void> {
  const path = join(files.path, MASTER_FILE);
  if (existsSync(path)) return;
  await files.write(NEXT_MASTER_FILE, Buffer.from(newMasterKey(random), "utf8"));
  await files.rename(NEXT_MASTER_FILE, MASTER_FILE);
  logger.warn("master-key-made", {
    path,
    advice: "It lies beside what it protects. Keep a copy elsewhere; move it away with --master-key-file.",
  });
}
