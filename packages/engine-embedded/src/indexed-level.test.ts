import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Clock, failureCode, type Scheduler } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { type IndexedTables, openIndexedTables, type TableSpec, type Write } from "@parley/tables";
import { tableConformance } from "@parley/tables/conformance";
import { openLevelTables } from "./level-tables.js";

const NOTES: TableSpec = {
  name: "notes",
  indexes: [{ name: "size", version: 1, keyParts: 1, entriesOf: ({ value }) => [{ key: [value.length] }] }],
};
const SIZE = { table: "notes", index: "size" };

/** Nothing but what waits keeps a test alive, so its timers do. */
const scheduler: Scheduler = {
  ...systemAmbient().scheduler,
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

async function open(directory: string, clock: Clock, declared = [NOTES]): Promise<IndexedTables> {
  const tables = await openLevelTables({ directory, clock });
  return openIndexedTables({ tables, declared, clock, scheduler });
}

tableConformance("indexed tables over LevelDB", async (clock) => {
  const root = await mkdtemp(join(tmpdir(), "parley-indexed-"));
  let directory = join(root, "0");
  let tables = await open(directory, clock);
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = await open(directory, clock);
      return tables;
    },
    async crash() {
      const copy = `${directory}-copy`;
      await cp(directory, copy, { recursive: true });
      await tables.close();
      directory = copy;
      tables = await open(directory, clock);
      return tables;
    },
    async remove() {
      await tables.close();
      await rm(root, { recursive: true });
    },
  };
});

test("an index over LevelDB goes on being built after a reopening, while rows are written", async () => {
  const root = await mkdtemp(join(tmpdir(), "parley-indexed-"));
  const { clock } = systemAmbient();
  try {
    const directory = join(root, "tables");
    const put = (number: number, size: number): Write => ({
      kind: "put",
      table: NOTES,
      sort: [number],
      value: new Uint8Array(size),
    });
    const plain = await open(directory, clock, []);
    for (let partition = 0; partition < 20; partition++) {
      const writes = Array.from({ length: 50 }, (_, number) => put(number, number % 7));
      await plain.write([{ partition: [partition], writes }], { isDurable: true });
    }
    await plain.close();
    const first = await open(directory, clock);
    const building = first.buildIndex(SIZE, {
      chunkRows: 100,
      timeShare: 1,
      onProgress: ({ done }) => {
        if (done === 500) void first.close();
      },
    });
    await assert.rejects(building, (error) => failureCode(error) === "tables-closed");
    await first.close();
    const second = await open(directory, clock);
    const resumedFrom = second.indexStatus()[0]?.rowsDone;
    const resumed = second.completeIndexes({ chunkRows: 50, timeShare: 1 });
    for (let round = 0; round < 100; round++)
      await second.write([{ partition: [round % 20], writes: [put(round, 9)] }], { isDurable: true });
    await resumed;
    const { rows, entries, missing, extra, different } = await second.verifyIndex(SIZE);
    await second.close();
    assert.deepEqual([resumedFrom, missing, extra, different, entries], [400, 0, 0, 0, rows]);
  } finally {
    await rm(root, { recursive: true });
  }
});
