import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";

import { ManualTime, RecordingLogger } from "@parley/base/testing";
import { encodePartition, encodeTuple, type Write } from "@parley/tables";
import { ClassicLevel } from "classic-level";

import { openLevelTables } from "./level-tables.js";

const QUEUE = { name: "queue", hasExpiry: true };
const TOKENS = { name: "tokens", hasExpiry: true };
/** Its name continues the other's, and it is not swept. */
const QUEUES = { name: "queues", hasExpiry: true };
const NOTES = { name: "notes" };
const HOUR_MS = 60 * 60 * 1000;
/** The first step comes after a rest of this length. */
const REST_MS = 10 * 60 * 1000;

function put(table: typeof QUEUE | typeof NOTES, sort: number, expiresAtMs?: number): Write {
  const value = new Uint8Array([sort & 255]);
  return { kind: "put", table, sort: [sort], value, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
}

type Database = ClassicLevel<Buffer, Buffer>;

interface Bench {
  readonly time: ManualTime;
  readonly logger: RecordingLogger;
  readonly write: (...writes: readonly Write[]) => Promise<void>;
  /** Lets time pass in steps, with room for the disk between them. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Runs `body`, closes the tables, and gives the number of rows that are really stored, by table. */
async function rowsAfter(
  body: (bench: Bench) => Promise<void>,
  prepare: (database: Database) => Promise<void> = async () => {},
): Promise<Record<string, number>> {
  const directory = await mkdtemp(join(tmpdir(), "parley-sweep-"));
  try {
    const database = openDatabase(directory);
    await prepare(database);
    await database.close();
    const time = new ManualTime();
    const logger = new RecordingLogger();
    const tables = await openLevelTables({
      directory,
      clock: time,
      expiry: { tables: [QUEUE, TOKENS], scheduler: time, logger },
    });
    const write = (...writes: readonly Write[]): Promise<void> =>
      tables.write([{ partition: ["p"], writes }], { isDurable: false });
    await body({
      time,
      logger,
      write,
      pass: async (ms) => {
        for (let passed = 0; passed < ms; passed += ms / 100) {
          await time.advance(ms / 100);
          // A step runs after the first of these writes and before the second.
          await write(put(NOTES, 0));
          await write(put(NOTES, 0));
        }
      },
    });
    await tables.close();
    return await storedRows(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function openDatabase(directory: string): Database {
  return new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: "buffer", valueEncoding: "buffer" });
}

async function storedRows(directory: string): Promise<Record<string, number>> {
  const database = openDatabase(directory);
  const counts: Record<string, number> = {};
  for (const key of await database.keys().all()) {
    const table = key.toString("latin1", 0, key.indexOf(0));
    counts[table] = (counts[table] ?? 0) + 1;
  }
  await database.close();
  return counts;
}

describe("the expiry sweeper", () => {
  it("removes what has expired from its tables, and nothing else", async () => {
    const rows = await rowsAfter(async ({ time, write, pass }) => {
      const soon = time.nowMs() + 1;
      const later = time.nowMs() + 100 * HOUR_MS;
      await write(put(QUEUE, 1, soon), put(QUEUE, 2, later), put(QUEUE, 3));
      await write(put(TOKENS, 1, soon), put(QUEUES, 1, soon), put(NOTES, 1));
      await pass(HOUR_MS);
    });
    assert.deepEqual(rows, { queue: 2, queues: 1, notes: 2 });
  });

  it("goes through tables of many steps, again and again", async () => {
    const count = 2_500;
    const rows = await rowsAfter(async ({ time, write, pass }) => {
      for (let round = 0; round < 2; round++) {
        const expiresAtMs = time.nowMs() + 1;
        const writes = Array.from({ length: count }, (_, at) => put(QUEUE, at, expiresAtMs));
        await write(...writes, put(QUEUE, count + round));
        await pass(HOUR_MS);
      }
    });
    assert.deepEqual(rows, { queue: 2, notes: 1 });
  });

  it("never removes a row that is written again while it looks", async () => {
    const sorts = Array.from({ length: 100 }, (_, at) => at);
    const rows = await rowsAfter(async ({ time, write, pass }) => {
      // Each round writes a little later after the step has begun.
      for (let turns = 0; turns < 20; turns++) {
        await write(...sorts.map((sort) => put(QUEUE, turns * 100 + sort, time.nowMs() + 1)));
        const sweeping = time.advance(REST_MS);
        for (let turn = 0; turn < turns; turn++) await setImmediate();
        await write(...sorts.map((sort) => put(QUEUE, turns * 100 + sort, time.nowMs() + 100 * HOUR_MS)));
        await sweeping;
        await pass(1_000);
      }
    });
    assert.deepEqual(rows, { queue: 2_000, notes: 1 });
  });

  it("leaves a damaged row to those who read it", async () => {
    const rows = await rowsAfter(
      async ({ time, logger, write, pass }) => {
        await write(put(QUEUE, 2, time.nowMs() + 1));
        await pass(HOUR_MS);
        assert.deepEqual(logger.warnings, []);
      },
      async (database) => {
        const key = encodePartition(QUEUE, ["p"]) + encodeTuple([1]);
        await database.put(Buffer.from(key, "latin1"), Buffer.from("not sealed"));
      },
    );
    assert.deepEqual(rows, { queue: 1, notes: 1 });
  });
});
