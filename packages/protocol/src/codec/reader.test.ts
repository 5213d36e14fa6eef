import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import fc from "fast-check";
import { arbitraryMessage } from "../testing/arbitrary-message.js";
import { FIELD_KINDS, Leaf } from "../testing/field-kinds.js";
import { fromHex } from "../testing/hex.js";
import { Reader, decode } from "./reader.js";
import { type Schema, nested, schema, string, uint } from "./schema.js";
import { Writer, encode } from "./writer.js";

const Everything = schema("Everything", FIELD_KINDS);

function assertMalformed(of: Schema<object>, hex: string, why?: RegExp): void {
  assert.throws(
    () => decode(of, fromHex(hex)),
    (error) =>
      failureCode(error) === "malformed" && (why === undefined || why.test((error as Error).message)),
    hex,
  );
}

/** True when it was decoded, false when it was refused as malformed; anything else is thrown on. */
function isDecodable(of: Schema<object>, input: Uint8Array): boolean {
  try {
    decode(of, input);
    return true;
  } catch (error) {
    if (failureCode(error) !== "malformed") throw error;
    return false;
  }
}

test("no bytes are a message of defaults", () => {
  assert.deepEqual(decode(Everything, new Uint8Array(0)), {
    text: "",
    data: new Uint8Array(0),
    number: 0,
    flag: false,
    leaf: undefined,
    texts: [],
    datas: [],
    numbers: [],
    leaves: [],
  });
});

test("unknown fields of every wire type are skipped", () => {
  const unknown = [
    "f80101", // varint
    "f801ffffffffffffffffff01", // varint: -1 as a signed 64-bit number
    "f9010102030405060708", // 64 bits
    "fa0103616263", // bytes
    "fa0100", // no bytes
    "fd0101020304", // 32 bits
    "f8ffffff0f01", // the largest field number, 2^29 - 1
  ];
  const decoded = unknown.map((hex) => decode(Leaf, fromHex(`${hex} 0a0161 ${hex} 1005 ${hex}`)));
  assert.deepEqual(
    decoded,
    unknown.map(() => ({ text: "a", number: 5 })),
  );
});

test("unknown fields inside a nested message are skipped", () => {
  assert.deepEqual(decode(Everything, fromHex("2a06 f80101 0a0161")).leaf, { text: "a", number: 0 });
});

test("unknown fields that are cut off, or of a group or an unknown wire type, are malformed", () => {
  for (const hex of [
    "f8",
    "f801",
    "f80180",
    "f801ffffffffffffffffffff01",
    "f90101020304050607",
    "fa01",
    "fa010261",
    "fd01010203",
    "fb01fc01",
    "fc01",
    "fe01",
    "ff01",
  ])
    assertMalformed(Leaf, hex);
});

test("a message of a newer schema is read by an older one", () => {
  const Older = schema("Everything", {
    text: string(1),
    leaf: nested(5, schema("Leaf", { text: string(1) })),
  });
  fc.assert(
    fc.property(arbitraryMessage(Everything), (value) => {
      const leaf = value.leaf === undefined ? undefined : { text: value.leaf.text };
      assert.deepEqual(decode(Older, encode(Everything, value)), { text: value.text, leaf });
    }),
  );
});

test("of a field that comes twice the last one counts", () => {
  assert.deepEqual(decode(Leaf, fromHex("0a0161 1001 0a0162 1002")), { text: "b", number: 2 });
});

test("of a nested message that comes twice the last one counts, and nothing is merged", () => {
  assert.deepEqual(decode(Everything, fromHex("2a030a0161 2a021005")).leaf, { text: "", number: 5 });
});

test("numbers of a list are read packed, not packed and mixed", () => {
  const read = ["42030180 01", "4001 408001", "4001 42028001", "4200 4001"].map(
    (hex) => decode(Everything, fromHex(hex)).numbers,
  );
  assert.deepEqual(read, [[1, 128], [1, 128], [1, 128], [1]]);
});

test("a truth is any number but 0", () => {
  const read = ["2000", "2001", "2002", "20ffffffff0f"].map((hex) => decode(Everything, fromHex(hex)).flag);
  assert.deepEqual(read, [false, true, true, true]);
});

test("numbers are read up to 2^53 - 1, with needless bytes too", () => {
  const read = ["10ffffffffffffff0f", "108000", "1080808080808080 00"].map(
    (hex) => decode(Leaf, fromHex(hex)).number,
  );
  assert.deepEqual(read, [Number.MAX_SAFE_INTEGER, 0, 0]);
});

test("numbers beyond 2^53 - 1 are malformed", () => {
  for (const hex of ["108080808080808010", "10ffffffffffffff10", "10ffffffffffffffffff01"])
    assertMalformed(Leaf, hex, /too large/);
});

test("a known field with another wire type is malformed", () => {
  for (const hex of ["0801", "0d01020304", "0901020304050607 08", "120101", "1501020304", "0b", "0c"])
    assertMalformed(Leaf, hex, /wrong wire type/);
  for (const hex of ["220101", "2801", "3001", "3801", "45 01020304", "4801"])
    assertMalformed(Everything, hex, /wrong wire type/);
});

test("field number 0 is malformed", () => {
  for (const hex of ["00", "0001", "020161"]) assertMalformed(Leaf, hex);
});

test("a field that ends beyond its message is malformed, also when the bytes are there", () => {
  for (const hex of ["2a020a0161", "2a021080 01", "2a02f80180 01", "42018001", "2a03fa010561626364 65"])
    assertMalformed(Everything, hex);
});

test("text that is not UTF-8 is malformed, short or long", () => {
  const long = "61".repeat(60);
  for (const bad of ["80", "c3", "c080", "eda080", "f4908080", "ff"]) {
    const short = `0a${(bad.length / 2).toString(16).padStart(2, "0")}${bad}`;
    assertMalformed(Leaf, short, /not UTF-8/);
    assertMalformed(Leaf, `0a${(60 + bad.length / 2).toString(16)}${long}${bad}`, /not UTF-8/);
  }
});

test("messages are read to a depth of 12 below the first, and deeper ones are malformed", () => {
  const chain = (depth: number): { of: Schema<object>; input: Uint8Array } => {
    let of: Schema<object> = schema("Level", { number: uint(2) });
    let input = encode(of, { number: 1 });
    for (let level = 0; level < depth; level++) {
      of = schema("Level", { inner: nested(1, of) });
      input = Uint8Array.of(0x0a, input.length, ...input);
    }
    return { of, input };
  };
  const [allowed, deeper] = [chain(12), chain(13)];
  assert.deepEqual(
    [isDecodable(allowed.of, allowed.input), isDecodable(deeper.of, deeper.input)],
    [true, false],
  );
});

test("a length is believed only as far as there are bytes: nothing is allocated for it", () => {
  const length = "8080808008"; // 2^31
  const huge = "ffffffffffffff0f"; // 2^53 - 1
  const claims = [length, huge].flatMap((claim) =>
    ["0a", "12", "2a", "32", "3a", "42", "4a", "fa01"].map((tag) => `${tag}${claim}6162`),
  );
  const before = process.memoryUsage().arrayBuffers;
  for (const hex of claims) assertMalformed(Everything, hex);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
});

test("what is decoded has no more items than there were bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
      const input = Uint8Array.of(0x42, noise.length, ...noise.map((byte) => byte & 127));
      const { numbers } = decode(Everything, input);
      assert.equal(numbers.length, noise.length);
    }),
  );
});

test("every truncation and every flipped byte is decoded or malformed", () => {
  const value = {
    text: "Grüße",
    data: Uint8Array.of(1, 2, 3),
    number: 2 ** 40,
    flag: true,
    leaf: { text: "leaf", number: 300 },
    texts: ["a", "b".repeat(60)],
    datas: [Uint8Array.of(9)],
    numbers: [1, 2 ** 50],
    leaves: [
      { text: "x", number: 1 },
      { text: "", number: 0 },
    ],
  };
  const whole = encode(Everything, value);
  for (let cut = 0; cut < whole.length; cut++) isDecodable(Everything, whole.subarray(0, cut));
  for (let place = 0; place < whole.length; place++) {
    const damaged = whole.slice();
    for (let flip = 1; flip < 256; flip++) {
      damaged[place] = whole[place]! ^ flip;
      isDecodable(Everything, damaged);
    }
  }
});

test("random bytes are decoded or malformed", () => {
  // Low bytes make valid tags and short lengths, which lead further in than pure noise.
  const noise = fc.array(fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 80 })), { maxLength: 80 });
  fc.assert(
    fc.property(noise, (input) => {
      isDecodable(Everything, Uint8Array.from(input));
    }),
    { numRuns: 20_000 },
  );
});

test("what is decoded from damage is written and read as the same value", () => {
  const noise = fc.array(fc.nat({ max: 80 }), { maxLength: 40 });
  fc.assert(
    fc.property(noise, (input) => {
      const bytesIn = Uint8Array.from(input);
      if (!isDecodable(Everything, bytesIn)) return;
      const value = decode(Everything, bytesIn);
      assert.deepEqual(decode(Everything, encode(Everything, value)), value);
    }),
    { numRuns: 20_000 },
  );
});

test("a reader of a part does not read past it", () => {
  const reader = new Reader(fromHex("01 02 03 04"), 1, 3);
  assert.deepEqual([reader.varint(), [...reader.view(1)], reader.isAtEnd], [2, [3], true]);
  for (const read of [() => reader.varint(), () => reader.view(1), () => reader.view(2 ** 31)]) {
    assert.throws(read, (error) => failureCode(error) === "malformed");
  }
});

test("byte fields are views of the input", () => {
  const input = encode(Everything, { data: Uint8Array.of(1, 2) });
  assert.equal(decode(Everything, input).data.buffer, input.buffer);
});

test("two messages decoded one after the other share nothing", () => {
  const writer = new Writer();
  writer.message(Everything, { numbers: [1], leaves: [{ text: "", number: 1 }] });
  const input = writer.take();
  const [one, other] = [decode(Everything, input), decode(Everything, input)];
  (one.numbers as number[]).push(2);
  assert.deepEqual([other.numbers, decode(Everything, new Uint8Array(0)).numbers], [[1], []]);
});
