import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import * as fc from "fast-check";
import { encodeRow, readColumns, readExpiry, readVersions, type StoredRow } from "./column-format.js";
import { compareNames, NameReader } from "./column-names.js";
import type { ColumnVersion } from "./column-table.js";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const ANN: StoredRow = {
  hasVersions: false,
  columns: new Map([
    ["name", bytes("Ann")],
    ["age", new Uint8Array([0x2a])],
  ]),
};
const ANN_CHANGED: StoredRow = {
  hasVersions: true,
  columns: new Map<string, readonly ColumnVersion[]>([
    ["age", [{ version: 7, value: new Uint8Array([0x2a]) }]],
    [
      "name",
      [
        { version: 9, value: undefined },
        { version: 7, value: bytes("Ann") },
      ],
    ],
  ]),
};

const arbitraryName = fc
  .string({ unit: "binary", minLength: 1, maxLength: 6 })
  .filter((name) => Buffer.from(name).toString() === name);
const arbitraryEntries = fc
  .uniqueArray(fc.tuple(fc.maxSafeNat(), fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined })), {
    selector: ([version]) => version,
    minLength: 1,
    maxLength: 4,
  })
  .map((entries) =>
    entries
      .map(([version, value]) => ({ version, value }))
      .toSorted((one, other) => other.version - one.version),
  )
  .filter((entries) => entries.at(-1)!.value !== undefined);
const arbitraryExpiry = fc.option(fc.maxSafeNat(), { nil: undefined });

describe("stored columns", () => {
  test("have the documented bytes", () => {
    equal(hex(encodeRow(ANN)), "10 02 03 61 67 65 01 2a 04 6e 61 6d 65 03 41 6e 6e");
    equal(
      hex(encodeRow(ANN_CHANGED)),
      "11 02 03 61 67 65 01 07 02 2a 04 6e 61 6d 65 02 09 00 07 04 41 6e 6e",
    );
    equal(hex(encodeRow({ ...ANN, expiresAtMs: 300 })).slice(0, 11), "12 ac 02 02");
  });

  test("come back as they were, in the order of their UTF-8 bytes", () => {
    const rows = fc.array(fc.tuple(arbitraryName, fc.uint8Array({ maxLength: 4 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(rows, arbitraryExpiry, (entries, expiresAtMs) => {
        const columns = new Map(entries);
        const stored = encodeRow({
          hasVersions: false,
          columns,
          ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        });
        const names = [...columns.keys()].toSorted((one, other) =>
          Buffer.compare(Buffer.from(one), Buffer.from(other)),
        );
        deepEqual(
          [[...readColumns(stored, new NameReader())], readExpiry(stored)],
          [names.map((name) => [name, columns.get(name)]), expiresAtMs],
        );
      }),
    );
  });

  test("come back with their versions", () => {
    const rows = fc.array(fc.tuple(arbitraryName, arbitraryEntries), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (entries) => {
        const columns = new Map<string, readonly ColumnVersion[]>(entries);
        deepEqual(readVersions(encodeRow({ hasVersions: true, columns }), new NameReader()), columns);
      }),
    );
  });

  test("are refused when cut off at any place, or when something follows", () => {
    for (const row of [ANN, ANN_CHANGED, { ...ANN, expiresAtMs: 300 }]) {
      const whole = encodeRow(row);
      const broken = [
        ...Array.from(whole.keys(), (end) => whole.subarray(0, end)),
        new Uint8Array([...whole, 0]),
      ];
      deepEqual(
        broken.map((stored) => outcome(stored, row.hasVersions)),
        broken.map(() => "tables-corrupt"),
      );
    }
  });

  test("with flipped bits are read or refused, and nothing else happens", () => {
    for (const row of [ANN, ANN_CHANGED]) {
      const whole = encodeRow(row);
      const outcomes = new Set<unknown>();
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const flipped = whole.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        outcomes.add(outcome(flipped, row.hasVersions));
      }
      deepEqual(outcomes, new Set(["read", "tables-corrupt"]));
    }
  });

  test("that break a rule of the format are refused", () => {
    const wrong: readonly (readonly [string, boolean])[] = [
      ["10 00", false], // no column
      ["10 01 00 00", false], // a name without text
      ["10 01 01 ff 00", false], // a name that is no UTF-8
      ["10 02 01 61 00 01 61 00", false], // the same name twice
      ["10 02 01 62 00 01 61 00", false], // names out of order
      ["10 ff ff ff ff 0f", false], // more columns than there are bytes
      ["11 01 01 61 00", true], // a column without an entry
      ["11 01 01 61 01 05 00", true], // a deletion that hides nothing
      ["11 01 01 61 02 05 01 05 01", true], // the same version twice
      ["11 01 01 61 ff ff ff ff 0f", true], // more entries than there are bytes
      ["13 01 01 61", true],
      ["20 01 01 61 00", false],
      ["11 01 01 61 01 05 01", false], // versions where none are expected
      ["10 01 01 61 00", true],
    ];
    deepEqual(
      wrong.map(([text, isVersioned]) =>
        outcome(new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex")), isVersioned),
      ),
      wrong.map(() => "tables-corrupt"),
    );
  });

  test("names of different rows at one place are told apart", () => {
    const names = new NameReader();
    const read = ["a", "b", "ab", "a"].map((name) => names.read(0, bytes(name), 0, name.length));
    deepEqual(read, ["a", "b", "ab", "a"]);
  });

  test("names are ordered as their UTF-8 bytes are", () => {
    fc.assert(
      fc.property(arbitraryName, arbitraryName, (one, other) => {
        equal(
          Math.sign(compareNames(one, other)),
          Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other))),
        );
      }),
    );
  });

  test("a row of too many columns is refused", () => {
    const columns = new Map(Array.from({ length: 4_097 }, (_, index) => [`c${index}`, bytes("")]));
    throws(() => encodeRow({ hasVersions: false, columns }), { code: "row-too-large" });
  });
});

function outcome(stored: Uint8Array, isVersioned: boolean): unknown {
  try {
    if (isVersioned) readVersions(stored, new NameReader());
    else readColumns(stored, new NameReader());
    readExpiry(stored);
    return "read";
  } catch (error) {
    return failureCode(error) ?? error;
  }
}

function hex(value: Uint8Array): string {
  return Buffer.from(value)
    .toString("hex")
    .replaceAll(/(..)(?!$)/g, "$1 ");
}
