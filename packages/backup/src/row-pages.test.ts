import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredRow } from "@parley/engine-embedded";
import fc from "fast-check";
import { PageReader, ROWS_MAGIC, encodePage } from "./row-pages.js";
import { row } from "./testing/simulated-installation.js";

/** The example of docs/operations/backup.md. */
const GOLDEN =
  "5041524c45595231 22000000 7fdbd156 03000000 09000000 6b6579 e6f355c6 76616c7565 02000000 04000000 6b32 13f1070f";

function fileOf(pages: readonly (readonly StoredRow[])[]): Buffer {
  return Buffer.concat([ROWS_MAGIC, ...pages.map(encodePage)]);
}

/** What a reader makes of a file that comes in pieces of a size; undefined when it is damaged or not whole. */
function read(file: Buffer, pieceBytes: number): readonly StoredRow[] | undefined {
  const reader = new PageReader();
  const rows: StoredRow[] = [];
  for (let at = 0; at < file.length; at += pieceBytes) {
    const pages = reader.add(file.subarray(at, at + pieceBytes));
    if (pages === undefined) return undefined;
    rows.push(...pages.flat());
  }
  return reader.isWhole ? rows : undefined;
}

test("rows have the bytes of the document", () => {
  const rows = [row("key", "value"), row("k2", "")];
  const golden = Buffer.from(GOLDEN.replaceAll(" ", ""), "hex");
  assert.deepEqual([fileOf([rows]), read(golden, 7)], [golden, rows]);
});

test("rows come back as they were, in whatever pieces the file is read", () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
  const page = fc.array(fc.tuple(bytes, bytes), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(page, { maxLength: 5 }), fc.integer({ min: 1, max: 300 }), (pages, pieceBytes) => {
      assert.deepEqual(read(fileOf(pages), pieceBytes), pages.flat());
    }),
  );
});

test("a file that is cut off is a file with fewer pages or none", () => {
  const pages = [[row("key", "value")], [row("k2", ""), row("k3", "x")]];
  const file = fileOf(pages);
  const ends = [ROWS_MAGIC.length, fileOf([pages[0]!]).length];
  for (let length = 0; length < file.length; length++) {
    assert.equal(read(file.subarray(0, length), 16) !== undefined, ends.includes(length), `cut at ${length}`);
  }
});

test("any flipped byte is found", () => {
  const file = fileOf([[row("key", "value")], [row("k2", ""), row("k3", "x")]]);
  for (let position = 0; position < file.length; position++) {
    const damaged = Buffer.from(file);
    damaged[position]! ^= 0x10;
    assert.equal(read(damaged, file.length), undefined, `byte ${position}`);
  }
});
