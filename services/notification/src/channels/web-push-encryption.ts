import { Failure, type Random } from "@parley/base";
import { createCipheriv, createECDH, type ECDH, hkdfSync } from "node:crypto";

/** The keys of one browser's subscription: an uncompressed P-256 point, and 16 bytes. */
export interface SubscriptionKeys {
  readonly publicKey: Uint8Array;
  readonly authSecret: Uint8Array;
}

/** All in one record. Push services need not take more than 4,096 bytes. */
const RECORD_BYTES = 4_096;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const KEY_BYTES = 65;
/** Says that the record is the last. */
const LAST = 2;
/** Salt, record size, length of the key, key. */
const HEADER_BYTES = SALT_BYTES + 4 + 1 + KEY_BYTES;

/** The largest message that fits. */
export const WEB_PUSH_BYTES_MAX = RECORD_BYTES - HEADER_BYTES - TAG_BYTES - 1;

/**
 * Encrypts a message so that only the browser reads it, and not its push service. `sender` is a key pair for this message
 * alone.
 *
 * Shape: `message` is at most WEB_PUSH_BYTES_MAX long, which the caller has checked.
 * Errors: "bad-subscription" when the browser's key is not a point of the curve.
 * Source: RFC 8291, with the content encoding aes128gcm of RFC 8188.
 */
export function encryptWebPush(
  message: Uint8Array,
  { publicKey, authSecret }: SubscriptionKeys,
  { sender, salt }: { readonly sender: ECDH; readonly salt: Uint8Array },
): Uint8Array {
  const own = sender.getPublicKey();
  const shared = sharedSecret(sender, publicKey);
  const keyInfo = Buffer.concat([Buffer.from("WebPush: info\0", "ascii"), publicKey, own]);
  const inputKey = derived(shared, authSecret, keyInfo, 32);
  const contentKey = derived(inputKey, salt, Buffer.from("Content-Encoding: aes128gcm\0", "ascii"), 16);
  const nonce = derived(inputKey, salt, Buffer.from("Content-Encoding: nonce\0", "ascii"), 12);
  const cipher = createCipheriv("aes-128-gcm", contentKey, nonce);
  const record = [
    cipher.update(message),
    cipher.update(Uint8Array.of(LAST)),
    cipher.final(),
    cipher.getAuthTag(),
  ];
  const header = Buffer.alloc(SALT_BYTES + 5);
  header.set(salt, 0);
  header.writeUInt32BE(RECORD_BYTES, SALT_BYTES);
  header.writeUInt8(KEY_BYTES, SALT_BYTES + 4);
  return Buffer.concat([header, own, ...record]);
}

/** A key pair and a salt for one message. */
export function freshSender(random: Random): { readonly sender: ECDH; readonly salt: Uint8Array } {
  const sender = createECDH("prime256v1");
  sender.generateKeys();
  return { sender, salt: random.bytes(SALT_BYTES) };
}

function sharedSecret(sender: ECDH, publicKey: Uint8Array): Uint8Array {
  try {
    return sender.computeSecret(publicKey);
  } catch (cause) {
    throw new Failure("bad-subscription", "The public key of the subscription is none.", { cause });
  }
}

function derived(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, info, length));
}
