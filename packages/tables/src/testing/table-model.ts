import * as fc from "fast-check";
import type { Batch, Key, KeyPart, RangeQuery, Row, TableSpec, Write } from "../tables.js";

/** The two tables that the conformance suite works on. Their keys are of any kind, so none of them names a tenant. */
export const NOTES: TableSpec = { name: "notes", keyOwner: "installation" };
export const TYPING: TableSpec = { name: "typing", hasExpiry: true, keyOwner: "installation" };

/** The port's contract in the most naive way: a list of rows, searched and sorted with comparisons of tuples. */
export class TableModel {
  #rows: { table: string; partition: Key; sort: Key; value: Uint8Array; expiresAtMs: number }[] = [];

  write(batch: Batch): void {
    for (const write of batch.writes) {
      const isSame = (row: { table: string; partition: Key; sort: Key }): boolean =>
        row.table === write.table.name &&
        compareTuples(row.partition, batch.partition) === 0 &&
        compareTuples(row.sort, write.sort) === 0;
      this.#rows = this.#rows.filter((row) => !isSame(row));
      if (write.kind === "put") {
        const { sort, value, expiresAtMs = Infinity } = write;
        this.#rows.push({ table: write.table.name, partition: batch.partition, sort, value, expiresAtMs });
      }
    }
  }

  range(query: RangeQuery, nowMs: number): Row[] {
    const rows = this.#rows
      .filter(
        (row) =>
          row.table === query.table.name &&
          compareTuples(row.partition, query.partition) === 0 &&
          row.expiresAtMs > nowMs &&
          (query.from === undefined || compareTuples(row.sort, query.from) >= 0) &&
          (query.before === undefined || compareTuples(row.sort, query.before) < 0),
      )
      .toSorted((left, right) => compareTuples(left.sort, right.sort));
    const ordered = query.isDescending === true ? rows.toReversed() : rows;
    return ordered.slice(0, query.limit).map(({ sort, value }) => ({ sort, value }));
  }

  find(table: TableSpec, partition: Key, sort: Key, nowMs: number): Uint8Array | undefined {
    const all = this.range({ table, partition, limit: 10_000 }, nowMs);
    return all.find((row) => compareTuples(row.sort, sort) === 0)?.value;
  }
}

/** The order of tuples as the port defines it, without any encoding. */
export function compareTuples(left: Key, right: Key): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareParts(left[index]!, right[index]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareParts(left: KeyPart, right: KeyPart): number {
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  // One position has one type; across types the suite needs only some fixed order, the encoding's.
  if (typeof left === "string") return -1;
  return typeof right === "string" ? 1 : left - right;
}

/** Text of a key, with the characters that an encoding might stumble over. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "b",
    "a\u0000",
    "a\u0000\u0001",
    "\u0000",
    "\u00ff",
    "a/b",
    "ä",
    "\uffff",
    "\u{1f600}",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

/** A number of a key, with the lengths of its encoding. */
export const arbitraryInteger: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 255, 256, 65_535, 65_536, 2 ** 32, 2 ** 48 - 1, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

/** Any tuple. */
export const arbitraryKey: fc.Arbitrary<Key> = fc.array(fc.oneof(arbitraryText, arbitraryInteger), {
  maxLength: 3,
});

/** Few keys that are close to each other, so that operations meet. */
export const arbitraryNearKey: fc.Arbitrary<Key> = fc.oneof(
  fc.tuple(fc.nat({ max: 6 })),
  fc.tuple(fc.nat({ max: 6 }), fc.constantFrom("", "a", "a\u0000", "b")),
);

/** Few partitions, among them beginnings of each other. */
export const arbitraryPartition: fc.Arbitrary<Key> = fc.constantFrom<Key[]>(
  ["p"],
  ["p", ""],
  ["p\u0000"],
  ["p", 1],
);

/** A batch of up to six writes to both tables. */
export function arbitraryBatch(nowMs: number): fc.Arbitrary<Batch> {
  const value = fc.uint8Array({ maxLength: 5 });
  const write: fc.Arbitrary<Write> = fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      table: fc.constant(NOTES),
      sort: arbitraryNearKey,
      value,
    }),
    fc.record(
      {
        kind: fc.constant("put" as const),
        table: fc.constant(TYPING),
        sort: arbitraryNearKey,
        value,
        expiresAtMs: fc.constantFrom(nowMs + 1, nowMs + 5, nowMs + 100),
      },
      { requiredKeys: ["kind", "table", "sort", "value"] },
    ),
    fc.record({
      kind: fc.constant("delete" as const),
      table: fc.constantFrom(NOTES, TYPING),
      sort: arbitraryNearKey,
    }),
  );
  return fc.record({ partition: arbitraryPartition, writes: fc.array(write, { maxLength: 6 }) });
}

/** A range over one of the tables, in either direction, with or without bounds. */
export const arbitraryRange: fc.Arbitrary<RangeQuery> = fc.record(
  {
    table: fc.constantFrom(NOTES, TYPING),
    partition: arbitraryPartition,
    from: arbitraryNearKey,
    before: arbitraryNearKey,
    isDescending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 8 }),
  },
  { requiredKeys: ["table", "partition", "limit"] },
);
