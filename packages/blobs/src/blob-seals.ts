/** How a block of a blob is protected: by the tenant's key, or by a checksum where nothing is encrypted. */
import { createHash } from "node:crypto";
import { type Keyring, SEAL_BYTES } from "@parley/keys";

export interface BlobSeals {
  /** What sealing adds to a block. */
  readonly overheadBytes: number;
  /** Bound to `place`, from which it cannot be moved. Errors: those of the key store. */
  seal(tenant: string, place: Uint8Array, plain: Uint8Array): Promise<Uint8Array>;
  /** "damaged" when it is not what was sealed there, "destroyed" when the key is gone. Errors: "key-missing". */
  open(tenant: string, place: Uint8Array, sealed: Uint8Array): Uint8Array | "damaged" | "destroyed";
}

/** Sealed under the tenant's data key. */
export function keyringSeals(keyring: Keyring): BlobSeals {
  return {
    overheadBytes: SEAL_BYTES,
    async seal(tenant, place, plain) {
      for (;;) {
        const key = keyring.sealingKey({ tenant });
        if (key !== undefined) return keyring.seal(key, place, plain);
        await keyring.prepare([tenant]);
      }
    },
    open(tenant, place, sealed) {
      try {
        return keyring.open({ tenant }, place, sealed) ?? "destroyed";
      } catch (error) {
        if ((error as { code?: unknown }).code === "seal-corrupt") return "damaged";
        throw error;
      }
    },
  };
}

const CHECKSUM_BYTES = 16;

/** For an installation that is not encrypted: what is damaged or in another place is found, and nothing is hidden. */
export const checksums: BlobSeals = {
  overheadBytes: CHECKSUM_BYTES,
  async seal(_tenant, place, plain) {
    const sealed = new Uint8Array(plain.length + CHECKSUM_BYTES);
    sealed.set(plain);
    sealed.set(checksumOf(place, plain), plain.length);
    return sealed;
  },
  open(_tenant, place, sealed) {
    if (sealed.length < CHECKSUM_BYTES) return "damaged";
    const plain = sealed.subarray(0, sealed.length - CHECKSUM_BYTES);
    const isSound = checksumOf(place, plain).equals(sealed.subarray(plain.length));
    return isSound ? plain : "damaged";
  },
};

function checksumOf(place: Uint8Array, plain: Uint8Array): Buffer {
  const hash = createHash("sha256").update(Uint8Array.of(place.length)).update(place).update(plain);
  return hash.digest().subarray(0, CHECKSUM_BYTES);
}
