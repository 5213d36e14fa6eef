import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { SEAL_BYTES, bondBytes, bondedKey, openBytes, sealBytes, sealHead } from "./seal-format.js";
import { secretKey } from "./wrapping.js";

const KEY = secretKey(new Uint8Array(32).fill(1));
const AAD = Buffer.from("rows\u0000", "latin1");
const NONCE = { epoch: 3, counter: 2 ** 32 + 5 };

function seal(text: string): Buffer {
  return sealBytes({ kind: 1, keyId: 258, key: KEY }, NONCE, AAD, Buffer.from(text));
}

test("sealed bytes are those of the document", () => {
  // Written by another program: Python's cryptography, AESGCM(key).encrypt(nonce, b"hello", b"rows\0").
  equal(
    seal("hello").toString("hex"),
    `${"01 00000102 00000003 0000000100000005".replaceAll(" ", "")}${SEALED_BY_OTHERS}`,
  );
});

test("what is sealed is opened again, also when it is empty", () => {
  for (const text of ["", "a", "x".repeat(100_000)]) {
    const sealed = seal(text);
    equal(sealed.length, text.length + SEAL_BYTES);
    deepEqual(sealHead(sealed), { kind: 1, keyId: 258 });
    equal(openBytes(KEY, AAD, sealed)?.toString(), text);
  }
});

test("no flipped bit and no other place opens", () => {
  const sealed = seal("hello");
  // The kind and the number choose the key, so they are not seen by it.
  for (let bit = 5 * 8; bit < sealed.length * 8; bit++) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    equal(openBytes(KEY, AAD, damaged), undefined);
  }
  equal(openBytes(KEY, Buffer.from("other"), sealed), undefined);
  equal(openBytes(secretKey(new Uint8Array(32)), AAD, sealed), undefined);
});

test("no truncation has a head or opens", () => {
  const sealed = seal("hello");
  for (let length = 0; length < sealed.length; length++) {
    const cut = sealed.subarray(0, length);
    if (sealHead(cut) !== undefined) equal(openBytes(KEY, AAD, cut), undefined);
    else equal(length < SEAL_BYTES, true);
  }
  equal(sealHead(Buffer.alloc(SEAL_BYTES, 3)), undefined);
});

test("the same text seals to other bytes under another nonce", () => {
  const other = sealBytes(
    { kind: 1, keyId: 258, key: KEY },
    { epoch: 3, counter: 6 },
    AAD,
    Buffer.from("hello"),
  );
  notEqual(seal("hello").toString("hex"), other.toString("hex"));
});

test("a bond is five bytes that name a data key, and no other bytes are one", () => {
  const bond = bondBytes(2 ** 32 - 2);
  equal(bond.toString("hex"), "03fffffffe");
  equal(bondedKey(bond), 2 ** 32 - 2);
  equal(sealHead(bond), undefined);
  for (let length = 0; length < bond.length; length++) equal(bondedKey(bond.subarray(0, length)), undefined);
  equal(bondedKey(Buffer.concat([bond, Buffer.alloc(1)])), undefined);
  for (let bit = 0; bit < 8; bit++) {
    const damaged = Buffer.from(bond);
    damaged[0]! ^= 1 << bit;
    equal(bondedKey(damaged), undefined);
  }
  equal(bondedKey(seal("hello")), undefined);
});

const SEALED_BY_OTHERS = "c26def94cb90748b6e07990e72691e2841ee3583d6";
