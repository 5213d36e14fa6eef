import { deepEqual, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import { parseLevelStats } from "./level-figures.js";
import { openLevelTables } from "./level-tables.js";

const MEGABYTE = 1024 * 1024;

test("what LevelDB lists of its levels is added up", () => {
  const text = `                               Compactions
Level  Files Size(MB) Time(sec) Read(MB) Write(MB)
--------------------------------------------------
  0        2        1         1        0         9
  1        4        7         1       15        16
  2       12      123         1        0         1
`;
  deepEqual(parseLevelStats(text), {
    files: 18,
    fileBytes: 131 * MEGABYTE,
    readBytes: 15 * MEGABYTE,
    writtenBytes: 26 * MEGABYTE,
  });
});

test("tables tell how much LevelDB has written", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-figures-"));
  try {
    const tables = await openLevelTables({ directory, clock: systemAmbient().clock });
    const before = tables.figures();
    // Not compressible, so that it is there in full.
    const value = systemAmbient().random.bytes(4 * MEGABYTE);
    const write = { kind: "put", table: { name: "notes" }, sort: [1], value } as const;
    await tables.write([{ partition: ["p"], writes: [write] }], { isDurable: true });
    await tables.compact();
    const after = tables.figures();
    await tables.close();
    deepEqual(before, { files: 0, fileBytes: 0, readBytes: 0, writtenBytes: 0 });
    ok(after.files > 0 && after.fileBytes >= 3 * MEGABYTE && after.writtenBytes >= after.fileBytes);
  } finally {
    await rm(directory, { recursive: true });
  }
});
