import assert from "node:assert/strict";
import { cp, mkdtemp, open, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { Failure, failureCode } from "@parley/base";
import { systemClock } from "@parley/base/node";
import { encodePartition } from "@parley/tables";
import { tableConformance } from "@parley/tables/conformance";
import { ClassicLevel } from "classic-level";

import { openLevelTables } from "./level-tables.js";
import { sealRow } from "./row-checksum.js";
import { createStoredTables, isSoundRow } from "./stored-rows.js";

const NOTES = { name: "notes" };
const UNIQUE = "unique content of the row";
const CHECKSUM_BYTES = 4;

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

  it("report each damaged byte of a row and its checksum, by the name of the table, and serve none", async () => {
    await withDirectory(async (directory) => {
      await writeToTableFile(directory);
      const path = join(directory, await tableFile(directory));
      const place = await findInFile(path, UNIQUE);
      for (let at = place - CHECKSUM_BYTES; at < place + UNIQUE.length; at++) {
        // While they are open: damage that is there before is found at opening.
        const tables = await openLevelTables({ directory, clock: systemClock });
        await flipByte(path, at);
        const reads = [
          tables.find(NOTES, ["p"], [500]),
          tables.findMany(NOTES, [{ partition: ["p"], sort: [500] }]),
          tables.range({ table: NOTES, partition: ["p"], limit: 1000 }),
        ];
        const failures = await Promise.all(reads.map((read) => read.catch((error: unknown) => error)));
        const neighbour = await tables.find(NOTES, ["p"], [499]);
        await tables.close();
        await flipByte(path, at);
        for (const failure of failures) {
          assert.ok(failure instanceof Failure, `served with byte ${at - place} damaged`);
          assert.deepEqual([failure.code, failure.details], ["tables-corrupt", { table: "notes" }]);
          assert.ok(failure.message.startsWith(`The table notes in ${directory} is damaged.`));
        }
        assert.equal(Buffer.from(neighbour!).toString(), "content 499");
      }
    });
  });

  it("whose key is not one are reported, by the name of the table", async () => {
    await withDirectory(async (directory) => {
      // A key with a right checksum that no version of Parley writes: damage in memory, or another program.
      const key = Buffer.from(`${encodePartition(NOTES, ["p"])}\u0077`, "latin1");
      await withDatabase(directory, (database) =>
        database.put(key, sealRow(key, { kind: "put", table: NOTES, sort: [], value: Buffer.from("x") })),
      );
      const tables = await openLevelTables({ directory, clock: systemClock });
      const failure = await tables
        .range({ table: NOTES, partition: ["p"], limit: 10 })
        .catch((error: unknown) => error);
      await tables.close();
      assert.ok(failure instanceof Failure && failure.message.startsWith("The table notes"));
      assert.equal(failure.code, "tables-corrupt");
    });
  });

  it("of which a file is missing or cut are refused, with what to do, and left as they are", async () => {
    for (const damage of ["missing table file", "empty manifest", "broken CURRENT"]) {
      await withDirectory(async (directory) => {
        await writeToTableFile(directory);
        const names = await readdir(directory);
        if (damage === "missing table file") await rm(join(directory, await tableFile(directory)));
        if (damage === "empty manifest") {
          await truncate(
            join(
              directory,
              names.find((name) => name.startsWith("MANIFEST"))!,
            ),
          );
        }
        if (damage === "broken CURRENT") await writeFile(join(directory, "CURRENT"), "MANIFEST");
        const failure = await openLevelTables({ directory, clock: systemClock }).catch(
          (error: unknown) => error,
        );
        assert.ok(failure instanceof Failure, damage);
        assert.equal(failure.code, "tables-corrupt", damage);
        assert.ok(failure.message.includes(directory) && failure.message.includes("restore"));
      });
    }
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
    new Uint8Array(Buffer.from(index === 500 ? UNIQUE : `content ${index}`));
  const writes = Array.from({ length: 1000 }, (_, index) => ({
    kind: "put" as const,
    table: NOTES,
    sort: [index],
    value: value(index),
  }));
  await tables.write([{ partition: ["p"], writes }], { isDurable: true });
  await tables.close();
  await withDatabase(directory, (database) =>
    database.compactRange(Buffer.from([0]), Buffer.from([255]), { keyEncoding: "buffer" }),
  );
}

async function withDatabase(
  directory: string,
  task: (database: ClassicLevel<Buffer, Buffer>) => Promise<void>,
): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    compression: false,
  });
  try {
    await task(database);
  } finally {
    await database.close();
  }
}

async function tableFile(directory: string): Promise<string> {
  const found = (await readdir(directory)).find((name) => name.endsWith(".ldb"));
  assert.ok(found !== undefined);
  return found;
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

describe("stored rows", () => {
  it("are those of the moment of the snapshot, and make the same tables elsewhere", async () => {
    const root = await mkdtemp(join(tmpdir(), "parley-stored-"));
    try {
      const clock = systemClock;
      const tables = await openLevelTables({ directory: join(root, "from"), clock });
      const put = (number: number, text: string): Promise<void> => {
        const value = new TextEncoder().encode(text);
        const writes = [{ kind: "put" as const, table: NOTES, sort: [number], value }];
        return tables.write([{ partition: ["p"], writes }], { isDurable: true });
      };
      for (let number = 0; number < 10; number++) await put(number, `note ${number}`);
      const rows = tables.snapshotRows();
      for (let number = 0; number < 20; number++) await put(number, "later");
      const copy = await createStoredTables(join(root, "to"));
      let sound = 0;
      for (let page = await rows.next(); page.length > 0; page = await rows.next()) {
        sound += page.filter(isSoundRow).length;
        await copy.put(page);
      }
      await rows.close();
      await copy.close();
      await tables.close();
      const copied = await openLevelTables({ directory: join(root, "to"), clock });
      const found = await copied.range({ table: NOTES, partition: ["p"], limit: 100 });
      await copied.close();
      assert.deepEqual(
        [sound, found.map(({ value }) => new TextDecoder().decode(value))],
        [10, Array.from({ length: 10 }, (_, number) => `note ${number}`)],
      );
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
