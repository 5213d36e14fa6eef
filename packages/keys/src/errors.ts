import { Failure } from "@parley/base";

/** The master key does not open the key store. */
export function wrongMasterKey(store: string): Failure {
  return new Failure(
    "master-key-wrong",
    `The master key is not the one that ${store} was made with. Name the right one; nothing was changed.`,
    { retry: "after-change" },
  );
}

/** The key store is not what was written. */
export function corruptStore(store: string, offset: number, what: string): Failure {
  return new Failure(
    "keys-corrupt",
    `${store} is damaged at byte ${offset}: ${what}. Restore the keys directory from a backup; nothing was changed.`,
    { details: { file: store, offset } },
  );
}

/** What is stored was sealed under a key that the store never had, or has lost. */
export function missingKey(keyId: number): Failure {
  return new Failure(
    "key-missing",
    `The key store has no key ${keyId}. Restore the keys directory that belongs to this data directory.`,
    { retry: "after-change", details: { keyId } },
  );
}

/** Sealed bytes that no key of theirs opens: damaged, or moved from another place. */
export function corruptSeal(): Failure {
  return new Failure(
    "seal-corrupt",
    "Sealed bytes are damaged or in the wrong place. Restore the data directory from a backup.",
  );
}
