/**
 * Keys that are stored under another key: nonce[12] ciphertext tag[16], in base64, AES-256-GCM. What the key is for is the
 * additional data, so that no wrapped key can stand in for another. A key wraps few others, so a random nonce is safe.
 */
import { type KeyObject, createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { Random } from "@parley/base";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** Wraps secret bytes for a purpose. */
export function wrap(under: KeyObject, purpose: string, secret: Uint8Array, random: Random): string {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, under, nonce);
  cipher.setAAD(Buffer.from(purpose, "utf8"));
  const text = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  return text.toString("base64");
}

/** The secret; undefined when it was not wrapped under this key for this purpose. */
export function unwrap(under: KeyObject, purpose: string, wrapped: string): Buffer | undefined {
  const bytes = Buffer.from(wrapped, "base64");
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, under, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(purpose, "utf8"));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const secret = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
    return Buffer.concat([secret, decipher.final()]);
  } catch {
    // Node's only way to say that the tag does not fit.
    return undefined;
  }
}

export function secretKey(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}
