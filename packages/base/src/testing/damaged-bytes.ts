/** Bytes as damage leaves them, for the tests of everything that reads what was stored. */
import fc from "fast-check";

const LENGTH_MAX = 200;
const INSERTED_MAX = 8;
const DAMAGES_MAX = 3;

/** One of the samples with some bytes changed, cut off or put in, or bytes that never were one. */
export function damagedBytes(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.array(damage, { minLength: 1, maxLength: DAMAGES_MAX }))
    .map(([sample, damages]) => damages.reduce<Uint8Array>((bytes, apply) => apply(bytes), sample));
  return fc.oneof({ arbitrary: damaged, weight: 3 }, fc.uint8Array({ maxLength: LENGTH_MAX }));
}

const damage: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => (bytes: Uint8Array) => {
    if (bytes.length === 0) return bytes;
    const changed = Uint8Array.from(bytes);
    changed[at % changed.length]! ^= bits;
    return changed;
  }),
  fc.nat().map((at) => (bytes: Uint8Array) => bytes.slice(0, at % (bytes.length + 1))),
  fc
    .tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: INSERTED_MAX }))
    .map(([at, inserted]) => (bytes: Uint8Array) => {
      const place = at % (bytes.length + 1);
      return Uint8Array.from([...bytes.subarray(0, place), ...inserted, ...bytes.subarray(place)]);
    }),
);
