import { type Clock, type Random, failureCode } from "@parley/base";
import { keyFilesOn } from "@parley/engine-embedded";
import type { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { KeyStore, Keyring, secretKey } from "@parley/keys";
import { SeededRandom } from "./seeded-random.js";

const MASTER = new Uint8Array(32).fill(1);
const DIRECTORY = "keys";

/** Opens the keys on a simulated disk, making them at the first start. */
export async function openSimulatedKeyring(
  files: ReturnType<SimulatedDisk["mount"]>,
  clock: Clock,
  directory = DIRECTORY,
): Promise<Keyring> {
  const keyFiles = keyFilesOn(directory, files);
  const master = secretKey(MASTER);
  const openStore = async (): Promise<KeyStore> => {
    try {
      return await KeyStore.open(keyFiles, master);
    } catch (error) {
      if (failureCode(error) !== "key-store-missing") throw error;
      return KeyStore.create(keyFiles, master, chance(0));
    }
  };
  const store = await openStore();
  // Chance of its own, so that keys change nothing of what a seed does otherwise; another one for each opening.
  return new Keyring({ store, clock, random: chance(store.state.nextKey) });
}

function chance(seed: number): Random {
  const random = new SeededRandom(seed);
  return {
    unit: () => random.unit(),
    bytes: (length) => Uint8Array.from({ length }, () => random.integer(256)),
  };
}
