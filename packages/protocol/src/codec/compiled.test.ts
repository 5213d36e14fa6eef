import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import fc from "fast-check";
import { FRAMES } from "../frames.js";
import { arbitraryMessage } from "../testing/arbitrary-message.js";
import { FIELD_KINDS, Leaf } from "../testing/field-kinds.js";
import { fromHex } from "../testing/hex.js";
import { compileCodecs, interpretSchemas } from "./compiled.js";
import { Reader, decode } from "./reader.js";
import { type Schema, draftOf, schema, string, uint } from "./schema.js";
import { encode } from "./writer.js";

const Everything = schema("Everything", { ...FIELD_KINDS, farAway: string(127), farNumber: uint(100) });

afterEach(interpretSchemas);

/** What it does without compiled codecs, and with them. */
function bothWays<T>(work: () => T): readonly [T, T] {
  interpretSchemas();
  const plain = work();
  assert.equal(compileCodecs(), true);
  return [plain, work()];
}

/** The value, or what was said against the bytes. */
function decoded(of: Schema<object>, input: Uint8Array, messagesMax?: number): unknown {
  try {
    return new Reader(input, 0, input.length, messagesMax).message(of);
  } catch (error) {
    return (error as Error).message;
  }
}

function assertSameDecoded(of: Schema<object>, input: Uint8Array, messagesMax?: number): void {
  const [plain, compiled] = bothWays(() => decoded(of, input, messagesMax));
  assert.deepEqual(compiled, plain);
  if (typeof plain === "object") assert.deepEqual(Object.keys(compiled as object), Object.keys(plain!));
}

test("values are written and read as by their schemas", () => {
  fc.assert(
    fc.property(arbitraryMessage(Everything), (value) => {
      const [plain, compiled] = bothWays(() => encode(Everything, value));
      assert.deepEqual(compiled, plain);
      assertSameDecoded(Everything, plain);
    }),
  );
});

test("so are all frames", () => {
  for (const frame of Object.values(FRAMES)) {
    const of = frame.schema as Schema<object>;
    fc.assert(
      fc.property(arbitraryMessage(of), (value) => {
        const [plain, compiled] = bothWays(() => encode(of, value));
        assert.deepEqual(compiled, plain);
        assertSameDecoded(of, plain);
      }),
      { numRuns: 5 },
    );
  }
});

test("damaged bytes are refused with the same words, or read as the same value", () => {
  const damaged = fc
    .tuple(
      arbitraryMessage(Everything),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
      fc.nat(),
    )
    .map(([value, changes, cut]) => {
      const input = encode(Everything, value).slice();
      for (const [at, byte] of changes) if (input.length > 0) input[at % input.length] = byte;
      return cut % 3 === 0 ? input.subarray(0, cut % (input.length + 1)) : input;
    });
  fc.assert(
    fc.property(damaged, (input) => assertSameDecoded(Everything, input)),
    { numRuns: 2_000 },
  );
});

test("unknown fields are skipped, wrong wire types and field 0 refused, numbers read in any length", () => {
  for (const hex of [
    "",
    "f80101",
    "fa01036162630a0161",
    "fb01fc01",
    "08",
    "0801",
    "00",
    "0000",
    "8a000161",
    "188001",
    "18ffffffffffffff7f",
    "2200",
    "200142026162",
    "42020102",
    "420281",
    "4001",
    "0a0561",
    "0a02c328",
    "2a060a01611005",
    "2a060a01611085",
    "2a07f801010a01612a060a01621005",
  ])
    assertSameDecoded(Everything, fromHex(hex));
});

test("messages and byte strings are counted, and depth is bounded", () => {
  const value = { leaves: ["a", "b"].map((text) => ({ text, number: 0 })), datas: [new Uint8Array(1)] };
  const input = encode(Everything, value);
  for (let messagesMax = 0; messagesMax < 6; messagesMax++) assertSameDecoded(Everything, input, messagesMax);
  interface Deep {
    readonly inner: Deep | undefined;
  }
  const fields: Record<string, unknown> = {};
  const Deep = schema("Deep", fields as never) as unknown as Schema<Deep>;
  const itself = {
    name: "inner",
    number: 1,
    kind: "message" as const,
    isRepeated: false,
    schema: Deep as Schema<object>,
  };
  (Deep.fields as unknown[]).push(itself);
  (Deep.byNumber as unknown[]).push(undefined, itself);
  Object.assign(Deep.defaults, { inner: undefined });
  for (const depth of [1, 12, 13, 14, 40]) {
    let nestedBytes: number[] = [];
    for (let level = 1; level < depth; level++) nestedBytes = [0x0a, nestedBytes.length, ...nestedBytes];
    assertSameDecoded(Deep, Uint8Array.from(nestedBytes));
  }
});

test("text of all kinds and lengths: lone surrogates become the replacement character, which may be written too", () => {
  const pieces = ["a", "é", "漢", "😀", "\ud800", "\udc00", "\ufffd", "\ufeff", "\u0000"];
  for (const piece of pieces) {
    for (const length of [1, 12, 13, 24, 25, 41, 42, 43, 44, 127, 128, 200, 5_461, 5_462, 16_384]) {
      const value = { text: piece.repeat(length), number: 7 };
      const [plain, compiled] = bothWays(() => encode(Leaf, value));
      assert.deepEqual(compiled, plain, `${length} times ${JSON.stringify(piece)}`);
      assertSameDecoded(Leaf, plain);
    }
  }
  compileCodecs();
  assert.equal(
    decode(Leaf, encode(Leaf, { text: "x".repeat(20) + "\ud800" })).text,
    "x".repeat(20) + "\ufffd",
  );
});

test("numbers that are none are asserted, and fields that are left out take their defaults", () => {
  compileCodecs();
  for (const number of [-1, 1.5, Number.NaN, 2 ** 53]) assert.throws(() => encode(Leaf, { number }));
  assert.deepEqual(decode(Leaf, encode(Leaf, {})), { text: "", number: 0 });
  assert.deepEqual(encode(Leaf, { text: undefined, number: 0 }), new Uint8Array(0));
});

test("a draft is a copy that may be changed", () => {
  const value = { text: "a", number: 1 };
  const [plain, compiled] = bothWays(() => {
    const draft = draftOf(Leaf, value);
    draft.number = 2;
    return draft;
  });
  assert.deepEqual(plain, { text: "a", number: 2 });
  assert.deepEqual(compiled, plain);
  assert.deepEqual(value, { text: "a", number: 1 });
});
