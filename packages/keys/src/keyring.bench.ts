import { createCipheriv, createDecipheriv } from "node:crypto";
import { ManualTime, type MicroBench, seededRandom } from "@parley/base/testing";
import { MemoryKeyFiles, openTestKeyring } from "./testing/index.js";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OWNER = { tenant: "main", conversation: "g:01JD0000000000000000000000" };
const AAD = new Uint8Array(32).fill(3);
const PLAIN = new Uint8Array(200).fill(5);

const random = seededRandom(1);
const keyring = await openTestKeyring({ files: new MemoryKeyFiles(), clock: new ManualTime(), random });
await keyring.prepare([OWNER.tenant]);
const sealed = keyring.seal(keyring.sealingKey(OWNER)!, AAD, PLAIN);

const key = random.bytes(32);
const nonce = new Uint8Array(NONCE_BYTES);
const bare = bareSeal();

/** What the envelope adds to the cipher: finding keys, heads, nonces that never repeat. */
export const benches: readonly MicroBench[] = [
  {
    name: "seal 200 bytes",
    baseline: "AES-256-GCM alone",
    run: (times) => lengths(times, () => keyring.seal(keyring.sealingKey(OWNER)!, AAD, PLAIN)),
    runBaseline: (times) => lengths(times, bareSeal),
  },
  {
    name: "open 200 bytes",
    baseline: "AES-256-GCM alone",
    run: (times) => lengths(times, () => keyring.open(OWNER, AAD, sealed)!),
    runBaseline: (times) => lengths(times, bareOpen),
  },
];

function bareSeal(): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(AAD);
  return Buffer.concat([cipher.update(PLAIN), cipher.final(), cipher.getAuthTag()]);
}

function bareOpen(): Buffer {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(AAD);
  decipher.setAuthTag(bare.subarray(PLAIN.length));
  return Buffer.concat([decipher.update(bare.subarray(0, PLAIN.length)), decipher.final()]);
}

function lengths(times: number, work: () => { readonly length: number }): number {
  let sum = 0;
  for (let count = 0; count < times; count++) sum += work().length;
  return sum;
}
