import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AssertionFailure } from "@parley/base";
import * as fc from "fast-check";

import { decodeRowKey, decodeTuple, encodePartition, encodeTuple, successor } from "./key-encoding.js";
import { arbitraryKey, compareTuples } from "./testing/table-model.js";
import type { Key } from "./tables.js";

function hex(encoded: string): string {
  return Buffer.from(encoded, "latin1").toString("hex");
}

describe("key encoding", () => {
  it("gives these bytes for ever", () => {
    const golden: [Key, string][] = [
      [[], ""],
      [[""], "0200"],
      [["a"], "026100"],
      [["a", "b"], "026100026200"],
      [["a\u0000"], "026100ff00"],
      [["\u0000\u0001"], "0200ff0100"],
      [["é€😀"], "02c3a9e282acf09f988000"],
      [[0], "10"],
      [[1], "1101"],
      [[255, 256], "11ff120100"],
      [[2 ** 32], "150100000000"],
      [[Number.MAX_SAFE_INTEGER], "171fffffffffffff"],
      [["c1", 7], "026331001107"],
    ];
    assert.deepEqual(
      golden.map(([key]) => [key, hex(encodeTuple(key))]),
      golden,
    );
    const row = encodePartition({ name: "messages" }, ["c1"]) + encodeTuple([7]);
    assert.equal(hex(row), "6d657373616765730002633100011107");
  });

  it("keeps the order of tuples", () => {
    const sign = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
    fc.assert(
      fc.property(arbitraryKey, arbitraryKey, (left, right) => {
        assert.equal(sign(encodeTuple(left), encodeTuple(right)), Math.sign(compareTuples(left, right)));
      }),
      { numRuns: 2000 },
    );
  });

  it("gives back every tuple", () => {
    fc.assert(
      fc.property(arbitraryKey, (key) => assert.deepEqual(decodeTuple(encodeTuple(key)), key)),
      { numRuns: 2000 },
    );
  });

  it("takes a row's key apart into what it was made of, and nothing else", () => {
    const table = { name: "messages" };
    fc.assert(
      fc.property(arbitraryKey, arbitraryKey, (partition, sort) => {
        const key = encodePartition(table, partition) + encodeTuple(sort);
        assert.deepEqual(decodeRowKey(table, key), { partition, sort });
        assert.equal(decodeRowKey({ name: "message" }, key), undefined);
        const end = key.length - encodeTuple(sort).length;
        for (let length = 0; length < end; length++)
          assert.equal(decodeRowKey(table, key.slice(0, length)), undefined);
      }),
      { numRuns: 500 },
    );
  });

  it("lets no partition begin another", () => {
    fc.assert(
      fc.property(arbitraryKey, arbitraryKey, (left, right) => {
        fc.pre(compareTuples(left, right) !== 0);
        const table = { name: "notes" };
        assert.ok(!encodePartition(table, left).startsWith(encodePartition(table, right)));
      }),
      { numRuns: 2000 },
    );
  });

  it("has nothing between a key and its successor", () => {
    fc.assert(
      fc.property(arbitraryKey, arbitraryKey, (key, other) => {
        const isBetween =
          encodeTuple(other) > encodeTuple(key) && encodeTuple(other) < encodeTuple(successor(key));
        assert.ok(!isBetween);
      }),
    );
  });

  it("decodes exactly what it encodes", () => {
    const damage = fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
      fc.tuple(arbitraryKey, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([key, place, flip]) => {
        const bytes = Buffer.from(encodeTuple(key), "latin1");
        if (bytes.length > 0) bytes[place % bytes.length]! ^= flip;
        return bytes.toString("latin1");
      }),
      fc.tuple(arbitraryKey, fc.nat()).map(([key, cut]) => encodeTuple(key).slice(0, cut % 20)),
    );
    fc.assert(
      fc.property(damage, (bytes) => {
        const key = decodeTuple(bytes);
        if (key !== undefined) assert.equal(encodeTuple(key), bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses what has no place in a key", () => {
    for (const part of [-1, 0.5, Number.NaN, 2 ** 53, "\ud800", "x\udc00"]) {
      assert.throws(() => encodeTuple([part]), AssertionFailure);
    }
    assert.throws(() => encodePartition({ name: "Notes" }, []), AssertionFailure);
  });
});
