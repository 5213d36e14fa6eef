import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailure } from "@parley/base";
import fc from "fast-check";
import { arbitraryMessage, arbitraryUint } from "../testing/arbitrary-message.js";
import { FIELD_KINDS, Leaf } from "../testing/field-kinds.js";
import { fromHex, toHex } from "../testing/hex.js";
import { Reader, decode } from "./reader.js";
import { schema, uint } from "./schema.js";
import { Writer, encode } from "./writer.js";

const Everything = schema("Everything", { ...FIELD_KINDS, last: uint(127) });

test("every kind of field has these bytes for ever", () => {
  const value = {
    text: "é",
    data: Uint8Array.of(0, 255),
    number: 300,
    flag: true,
    leaf: { text: "", number: 1 },
    texts: ["a", ""],
    datas: [new Uint8Array(0), Uint8Array.of(1)],
    numbers: [0, 1, 128],
    leaves: [
      { text: "", number: 0 },
      { text: "b", number: 0 },
    ],
    last: 1,
  };
  assert.equal(
    toHex(encode(Everything, value)),
    "0a02c3a9 120200ff 18ac02 2001 2a021001 3201613200 3a003a0101 4204 00018001 4a00 4a030a0162 f80701".replaceAll(
      " ",
      "",
    ),
  );
});

test("defaults and fields left out take no bytes", () => {
  const defaults = {
    text: "",
    data: new Uint8Array(0),
    number: 0,
    flag: false,
    leaf: undefined,
    texts: [],
    numbers: [],
  };
  assert.deepEqual([toHex(encode(Everything, defaults)), toHex(encode(Everything, {}))], ["", ""]);
});

test("an empty message that is there differs from none", () => {
  const decoded = decode(Everything, encode(Everything, { leaf: { text: "", number: 0 } }));
  assert.deepEqual(decoded.leaf, { text: "", number: 0 });
});

test("numbers have these bytes for ever", () => {
  const golden: [number, string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [16_383, "ff7f"],
    [16_384, "808001"],
    [2 ** 31 - 1, "ffffffff07"],
    [2 ** 31, "8080808008"],
    [2 ** 32 - 1, "ffffffff0f"],
    [2 ** 32, "8080808010"],
    [2 ** 49, "8080808080808001"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
  ];
  const written = golden.map(([number]) => {
    const writer = new Writer();
    writer.varint(number);
    return [number, toHex(writer.take())];
  });
  assert.deepEqual(written, golden);
});

test("a number that the wire does not know is a bug of the caller", () => {
  for (const number of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => new Writer().varint(number), AssertionFailure);
    assert.throws(() => encode(Everything, { number }), AssertionFailure);
    assert.throws(() => encode(Everything, { numbers: [1, number] }), AssertionFailure);
  }
});

test("every number comes back", () => {
  fc.assert(
    fc.property(arbitraryUint, (number) => {
      const writer = new Writer(1);
      writer.varint(number);
      const reader = new Reader(writer.take());
      assert.deepEqual([reader.varint(), reader.isAtEnd], [number, true]);
    }),
    { numRuns: 2000 },
  );
});

test("every value comes back", () => {
  fc.assert(
    fc.property(arbitraryMessage(Everything), (value) => {
      assert.deepEqual(decode(Everything, encode(Everything, value)), value);
    }),
    { numRuns: 1000 },
  );
});

test("a length that takes more bytes moves what it precedes", () => {
  for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const text = "x".repeat(length - 1);
    const back = decode(Everything, encode(Everything, { leaf: { text, number: 0 }, texts: [text, "end"] }));
    assert.deepEqual([back.leaf?.text === text, back.texts[0] === text, back.texts[1]], [true, true, "end"]);
  }
});

test("a writer grows from any size and can be used again", () => {
  const writer = new Writer(1);
  const taken = ["a".repeat(1000), "b"].map((text) => {
    writer.reset();
    writer.message(Leaf, { text });
    return writer.take();
  });
  assert.deepEqual(
    taken.map((copy) => decode(Leaf, copy).text),
    ["a".repeat(1000), "b"],
  );
});

test("what was taken does not change when more is written", () => {
  const lengths = [0, 1, 64, 65, 2048, 2049, 20_000];
  const writer = new Writer();
  const copies = lengths.flatMap((length) =>
    Array.from({ length: 20 }, (_, index) => {
      writer.reset();
      writer.raw(new Uint8Array(length).fill(index));
      return { copy: writer.take(), length, index };
    }),
  );
  const isAsTaken = copies.every(
    ({ copy, length, index }) => copy.length === length && copy.every((byte) => byte === index),
  );
  assert.ok(isAsTaken);
});

test("bytes are written as they are", () => {
  const writer = new Writer(1);
  writer.raw(fromHex("00 ff 80"));
  assert.deepEqual([writer.length, toHex(writer.take())], [3, "00ff80"]);
});
