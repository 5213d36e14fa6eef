/**
 * The bytes of everything that is sealed: rows, blocks, the payloads of a commit.
 *
 *   sealed := kind u8 · data key u32 · nonce (epoch u32 · counter u64) · ciphertext · tag[16]
 *
 *   bond   := 3 u8 · data key u32
 *
 * A bond stands for a value of which there is none: nothing is hidden by it, but it goes with its key as a sealed value does.
 *
 * Integers are big endian. Kind 1 is AES-256-GCM under a tenant's data key, kind 2 the same under a key of one conversation
 * that is derived from it. The ciphertext is as long as what was sealed, so sealing adds 33 bytes.
 *
 * Nonces: a data key is used by one opening of the key store only, the epoch is that opening's number, and the counter
 * counts its seals. So no nonce comes twice under a key, also when a copy of the data directory is opened elsewhere.
 */
import { type KeyObject, createCipheriv, createDecipheriv } from "node:crypto";

export const TENANT_KIND = 1;
export const CONVERSATION_KIND = 2;
const BOND_KIND = 3;
export type SealKind = typeof TENANT_KIND | typeof CONVERSATION_KIND;

const CIPHER = "aes-256-gcm";
const NONCE_START = 5;
const BOND_BYTES = 5;
const NONCE_BYTES = 12;
/** Kind, data key and nonce: what stands before the ciphertext. */
export const SEAL_HEAD_BYTES = NONCE_START + NONCE_BYTES;
/** What stands behind it. */
export const SEAL_TAG_BYTES = 16;
/** What sealing adds. */
export const SEAL_BYTES = SEAL_HEAD_BYTES + SEAL_TAG_BYTES;
const HIGH_UNIT = 2 ** 32;

/** What a sealed value says before it is opened. */
export interface SealHead {
  readonly kind: SealKind;
  readonly keyId: number;
}

export interface SealNonce {
  readonly epoch: number;
  readonly counter: number;
}

/** Seals `plain`; whoever opens it must give the same `aad`. Cost: 3 µs, and 1 µs for every 4 KiB. */
export function sealBytes(
  { kind, keyId, key }: SealHead & { readonly key: KeyObject },
  { epoch, counter }: SealNonce,
  aad: Uint8Array,
  plain: Uint8Array,
): Buffer {
  const sealed = Buffer.allocUnsafe(SEAL_BYTES + plain.length);
  sealed[0] = kind;
  sealed.writeUInt32BE(keyId, 1);
  sealed.writeUInt32BE(epoch, NONCE_START);
  sealed.writeUInt32BE(Math.floor(counter / HIGH_UNIT), NONCE_START + 4);
  sealed.writeUInt32BE(counter % HIGH_UNIT, NONCE_START + 8);
  const cipher = createCipheriv(CIPHER, key, sealed.subarray(NONCE_START, SEAL_HEAD_BYTES));
  cipher.setAAD(aad);
  sealed.set(cipher.update(plain), SEAL_HEAD_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), sealed.length - SEAL_TAG_BYTES);
  return sealed;
}

/** The head of a sealed value; undefined for what was never sealed. */
export function sealHead(sealed: Uint8Array): SealHead | undefined {
  const kind = sealed[0];
  if (sealed.length < SEAL_BYTES || (kind !== TENANT_KIND && kind !== CONVERSATION_KIND)) return undefined;
  return { kind, keyId: keyIdOf(sealed) };
}

/** The bond to a data key. */
export function bondBytes(keyId: number): Buffer {
  const bond = Buffer.allocUnsafe(BOND_BYTES);
  bond[0] = BOND_KIND;
  bond.writeUInt32BE(keyId, 1);
  return bond;
}

/** The data key of a bond; undefined for what is none. */
export function bondedKey(bond: Uint8Array): number | undefined {
  if (bond.length !== BOND_BYTES || bond[0] !== BOND_KIND) return undefined;
  return keyIdOf(bond);
}

/** What was sealed; undefined when the bytes, the key or `aad` are not those of the seal. */
export function openBytes(key: KeyObject, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const tagStart = sealed.length - SEAL_TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(NONCE_START, SEAL_HEAD_BYTES), {
    authTagLength: SEAL_TAG_BYTES,
  });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagStart));
  const plain = decipher.update(sealed.subarray(SEAL_HEAD_BYTES, tagStart));
  try {
    decipher.final();
    return plain;
  } catch {
    // Node's only way to say that the tag does not fit.
    return undefined;
  }
}

function keyIdOf(bytes: Uint8Array): number {
  return ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0;
}
