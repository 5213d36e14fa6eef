import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DigestItem, digestOf } from "./digest.js";

const item: fc.Arbitrary<DigestItem> = fc.record(
  {
    sequence: fc.integer({ min: 1, max: 1_000_000 }),
    messageId: fc.string({
      unit: fc.constantFrom(...Array.from("0123456789ABCDEFGHJKMNPQRSTVWXYZ")),
      minLength: 26,
      maxLength: 26,
    }),
    revision: fc.nat({ max: 300 }),
    reactions: fc.option(fc.record({ revision: fc.nat({ max: 300 }), mineRevision: fc.nat({ max: 300 }) }), {
      nil: undefined,
    }),
  },
  { noNullPrototype: true },
);

/** The definition in digest.ts, word for word, over big integers. */
function definition(items: readonly DigestItem[]): number {
  const mod = 2n ** 32n;
  let h1 = 0x811c9dc5n;
  let h2 = 0xc2b2ae35n;
  for (const { sequence, messageId, revision, reactions } of items) {
    const parts = [`${sequence}:${messageId}`];
    if (revision > 0) parts.push(`:${revision}`);
    if (reactions !== undefined) parts.push(`~${reactions.revision}`);
    if ((reactions?.mineRevision ?? 0) > 0) parts.push(`@${reactions!.mineRevision}`);
    const text = `${parts.join("")};`;
    for (const byte of Buffer.from(text, "ascii")) {
      h1 = ((h1 ^ BigInt(byte)) * 0x01000193n) % mod;
      h2 = ((h2 ^ BigInt(byte)) * 0x85ebca6bn) % mod;
      h2 ^= h2 >> 13n;
    }
  }
  return Number((h1 % 2n ** 21n) * mod + h2);
}

test("digests have these values for ever", () => {
  const one = { sequence: 1, messageId: "01J9Z3K8T5QWERTYABCDEFGHJK", revision: 0 };
  const two = { sequence: 2, messageId: "01J9Z3K8T5QWERTYABCDEFGHJM", revision: 0 };
  assert.deepEqual(
    [digestOf([]), digestOf([one]), digestOf([one, two])],
    [8_054_772_048_506_421, 6_927_256_310_590_746, 4_073_012_194_459_765],
  );
});

test("the digest is what its definition says, and a number the wire can carry", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), (items) => {
      const digest = digestOf(items);
      assert.equal(digest, definition(items));
      assert.ok(Number.isSafeInteger(digest) && digest >= 0);
    }),
  );
});

/** Somebody else reacted, or it is known since when mine are so. */
function moved(reactions: DigestItem["reactions"]): DigestItem["reactions"] {
  if (reactions === undefined) return { revision: 1, mineRevision: 1 };
  return { ...reactions, mineRevision: reactions.mineRevision + 1 };
}

test("a lost, doubled, exchanged, moved or changed message changes the digest", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { minLength: 2, maxLength: 20, selector: (each) => each.sequence }),
      (items) => {
        const [first, second, ...rest] = items as [DigestItem, DigestItem, ...DigestItem[]];
        const damaged = [
          [second, ...rest],
          [first, first, second, ...rest],
          [second, first, ...rest],
          [{ ...first, sequence: first.sequence + 1 }, second, ...rest],
          [{ ...first, revision: first.revision + 1 }, second, ...rest],
          [{ ...first, reactions: moved(first.reactions) }, second, ...rest],
          [
            { ...first, messageId: first.messageId.replace(/.$/, (last) => (last === "0" ? "1" : "0")) },
            second,
            ...rest,
          ],
        ];
        assert.ok(damaged.every((each) => digestOf(each) !== digestOf(items)));
      },
    ),
  );
});
