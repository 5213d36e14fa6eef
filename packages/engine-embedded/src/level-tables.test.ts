import assert from "node:assert/strict";
import { cp, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { failureCode } from "@parley/base";
import { systemClock } from "@parley/base/node";
import { tableConformance } from "@parley/tables/conformance";
import { ClassicLevel } from "classic-level";

import { openLevelTables } from "./level-tables.js";

const NOTES = { name: "notes" };

tableConformance("LevelDB", async (clock) => {
  const root = await mkdtemp(join(tmpdir(), "parley-level-"));
  let directory = join(root, "0");
  let tables = await openLevelTables({ directory, clock });
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = await openLevelTables({ directory, clock });
      return tables;
    },
    // A copy of the files, taken while they are open, is what a killed process leaves behind.
    async crash() {
      const copy = `${directory}-copy`;
      await cp(directory, copy, { recursive: true });
      await tables.close();
      directory = copy;
      tables = await openLevelTables({ directory, clock });
      return tables;
    },
    async remove() {
      await tables.close();
      await rm(root, { recursive: true });
    },
  };
});

describe("tables on LevelDB", () => {
  it("are refused while they are open elsewhere", async () => {
    await withDirectory(async (directory) => {
      const tables = await openLevelTables({ directory, clock: systemClock });
      await assert.rejects(
        openLevelTables({ directory, clock: systemClock }),
        (error) => failureCode(error) === "tables-locked",
      );
      await tables.close();
    });
  });

  it("report each flipped byte of a row's value and serve none", async () => {
    await withDirectory(async (directory) => {
      await writeToTableFile(directory);
      const [file] = (await readdir(directory)).filter((name) => name.endsWith(".ldb"));
      assert.ok(file !== undefined);
      const place = await findInFile(join(directory, file), "unique content of the row");
      await flipByte(join(directory, file), place + 3);
      const tables = await openLevelTables({ directory, clock: systemClock });
      const reads = [
        tables.find(NOTES, ["p"], [500]),
        tables.findMany(NOTES, [{ partition: ["p"], sort: [500] }]),
        tables.range({ table: NOTES, partition: ["p"], limit: 1000 }),
      ];
      const codes = (await Promise.allSettled(reads)).map(
        (end) => end.status === "rejected" && failureCode(end.reason),
      );
      await tables.close();
      assert.deepEqual(codes, ["tables-corrupt", "tables-corrupt", "tables-corrupt"]);
    });
  });
});

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "parley-level-"));
  try {
    await body(join(root, "tables"));
  } finally {
    await rm(root, { recursive: true });
  }
}

// Rows reach a table file when LevelDB compacts; the content is random so that it is stored as it is.
async function writeToTableFile(directory: string): Promise<void> {
  const tables = await openLevelTables({ directory, clock: systemClock });
  const value = (index: number): Uint8Array =>
    new Uint8Array(Buffer.from(index === 500 ? "unique content of the row" : `content ${index}`));
  const writes = Array.from({ length: 1000 }, (_, index) => ({
    kind: "put" as const,
    table: NOTES,
    sort: [index],
    value: value(index),
  }));
  await tables.write([{ partition: ["p"], writes }], { isDurable: true });
  await tables.close();
  const database = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: "buffer", compression: false });
  await database.compactRange(Buffer.from([0]), Buffer.from([255]), { keyEncoding: "buffer" });
  await database.close();
}

async function findInFile(path: string, content: string): Promise<number> {
  const file = await open(path);
  const place = (await file.readFile()).indexOf(content);
  await file.close();
  assert.ok(place >= 0, "the row is in the file as it was written");
  return place;
}

async function flipByte(path: string, place: number): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, place);
  byte[0]! ^= 0x20;
  await file.write(byte, 0, 1, place);
  await file.close();
}
