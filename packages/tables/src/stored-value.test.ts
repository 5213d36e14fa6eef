import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { liveValue, storedValue } from "./stored-value.js";
import { NOTES, TYPING } from "./testing/table-model.js";

const VALUE = Uint8Array.of(0xaa, 0xbb);
const TIME_MS = 0x0123_4567_89ab;

describe("stored values", () => {
  it("have these bytes for ever", () => {
    const hex = [
      storedValue({ kind: "put", table: NOTES, sort: [], value: VALUE }),
      storedValue({ kind: "put", table: TYPING, sort: [], value: VALUE }),
      storedValue({ kind: "put", table: TYPING, sort: [], value: VALUE, expiresAtMs: TIME_MS }),
    ].map((stored) => Buffer.from(stored).toString("hex"));
    assert.deepEqual(hex, ["aabb", "00aabb", "010123456789abaabb"]);
  });

  it("live until their time", () => {
    const stored = storedValue({ kind: "put", table: TYPING, sort: [], value: VALUE, expiresAtMs: TIME_MS });
    assert.deepEqual(
      [liveValue(TYPING, stored, TIME_MS - 1), liveValue(TYPING, stored, TIME_MS)],
      [VALUE, "expired"],
    );
  });

  it("that were never stored are malformed", () => {
    for (const stored of ["", "02", "ff00", "01", "010123456789"]) {
      assert.equal(liveValue(TYPING, new Uint8Array(Buffer.from(stored, "hex")), 0), "malformed");
    }
  });
});
