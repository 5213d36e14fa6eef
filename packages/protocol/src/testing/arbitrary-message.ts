/** Any value of a schema, for round trips by property. */
import fc from "fast-check";
import type { NamedField, Schema } from "../codec/schema.js";

/** Where encodings change their length or their arithmetic. */
const EDGES = [0, 7, 14, 21, 28, 31, 32, 35, 42, 49].flatMap((bits) => [2 ** bits - 1, 2 ** bits]);

/** An integer from 0 to 2^53 - 1, often at an edge. */
export const arbitraryUint: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 300 }),
  fc.constantFrom(...EDGES, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

/** Text of any code points, short and long: the codec has a path for each. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "binary", minLength: 40, maxLength: 140 }),
  fc.string({ minLength: 47, maxLength: 50 }),
);

const arbitraryBytes = fc.uint8Array({ maxLength: 40 });

/** A whole value of the schema, as `decode` gives it. */
export function arbitraryMessage<T extends object>(schema: Schema<T>): fc.Arbitrary<T> {
  const fields = Object.fromEntries(schema.fields.map((field) => [field.name, arbitraryField(field)]));
  return fc.record(fields, { noNullPrototype: true }) as unknown as fc.Arbitrary<T>;
}

function arbitraryField(field: NamedField): fc.Arbitrary<unknown> {
  if (field.isRepeated) return fc.array(arbitraryItem(field), { maxLength: 4 });
  if (field.kind === "message") return fc.option(arbitraryItem(field), { nil: undefined });
  return arbitraryItem(field);
}

function arbitraryItem(field: NamedField): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "string":
      return arbitraryText;
    case "bytes":
      return arbitraryBytes;
    case "uint":
      return arbitraryUint;
    case "bool":
      return fc.boolean();
    case "message":
      return arbitraryMessage(field.schema!);
  }
}
