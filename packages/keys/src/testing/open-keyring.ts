import { Failure, type Clock, type Random } from "@parley/base";
import type { KeyFiles } from "../key-files.js";
import { KeyStore } from "../key-store.js";
import { Keyring } from "../keyring.js";
import { secretKey } from "../wrapping.js";

/** The master key of tests. */
export const TEST_MASTER = new Uint8Array(32).fill(7);

/** Opens a keyring over files, making the store when there is none. */
export async function openTestKeyring(options: {
  readonly files: KeyFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly sealsPerKeyMax?: number;
}): Promise<Keyring> {
  const master = secretKey(TEST_MASTER);
  let store: KeyStore;
  try {
    store = await KeyStore.open(options.files, master);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "key-store-missing") throw error;
    store = await KeyStore.create(options.files, master, options.random);
  }
  return new Keyring({ ...options, store });
}
