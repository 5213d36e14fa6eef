import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@parley/base/testing";
import { newMasterKey, parseMasterKey } from "./master-key.js";

test("a master key is 64 hexadecimal digits or 32 bytes in base64, with white space around it", () => {
  const bytes = new Uint8Array(32).fill(200);
  const hex = Buffer.from(bytes).toString("hex");
  const base64 = Buffer.from(bytes).toString("base64");
  for (const text of [hex, hex.toUpperCase(), ` ${hex}\n`, base64, `${base64}\r\n`]) {
    deepEqual(parseMasterKey(text, "x"), bytes);
  }
});

test("anything else is refused, without showing it", () => {
  for (const text of ["", "secret", "0".repeat(63), "0".repeat(65), "é".repeat(64)]) {
    throws(
      () => parseMasterKey(text, "PARLEY_MASTER_KEY"),
      (error: Error & { code?: string }) => {
        equal(error.code, "master-key-malformed");
        return (
          error.message.startsWith("PARLEY_MASTER_KEY ") && (text === "" || !error.message.includes(text))
        );
      },
    );
  }
});

test("a new master key is one", () => {
  const text = newMasterKey(seededRandom(1));
  equal(parseMasterKey(text, "x").length, 32);
  equal(text === newMasterKey(seededRandom(2)), false);
});
