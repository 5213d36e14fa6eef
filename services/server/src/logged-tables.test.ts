import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import { systemClock, systemScheduler } from "@parley/base/node";
import { MemoryLog, MemoryLogStore } from "@parley/logs";
import { type Batch, MemoryTables, MemoryTableStore, type TableSpec } from "@parley/tables";
import { LoggedTables } from "./logged-tables.js";

const NOTE: TableSpec = { name: "note", hasExpiry: true };

interface Bench {
  readonly logged: LoggedTables;
  readonly tables: MemoryTables;
  readonly log: MemoryLog;
  readonly failures: unknown[];
}

function benchOver(logs: MemoryLogStore, rows: MemoryTableStore): Bench {
  const clock = systemClock;
  const log = new MemoryLog(logs, systemScheduler);
  const tables = new MemoryTables(rows, clock);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  return {
    logged: new LoggedTables({ tables, log, specs: [NOTE], clock, onFailure }),
    tables,
    log,
    failures,
  };
}

function put(sort: number, text: string, expiresAtMs?: number): Batch {
  const value = new TextEncoder().encode(text);
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  return { partition: ["p", 7], writes: [{ kind: "put", table: NOTE, sort: [sort], value, ...expiry }] };
}

async function textsOf(tables: MemoryTables): Promise<readonly string[]> {
  const rows = await tables.range({ table: NOTE, partition: ["p", 7], limit: 100 });
  return rows.map(({ sort, value }) => `${sort.join()} ${new TextDecoder().decode(value)}`);
}

describe("logged tables", () => {
  test("have after a start what the log has and the tables have lost", async () => {
    const logs = new MemoryLogStore(1);
    const first = benchOver(logs, new MemoryTableStore());
    await first.logged.recover(0);
    await Promise.all([
      first.logged.write([put(1, "a"), put(2, "b", Date.now() + 60_000)]),
      first.logged.write([put(1, "a again"), put(3, "c", 1)]),
      first.logged.write([{ partition: ["p", 7], writes: [{ kind: "delete", table: NOTE, sort: [2] }] }]),
    ]);
    await first.logged.write([put(4, "d", Date.now() + 60_000)]);
    const expected = await textsOf(first.tables);
    const second = benchOver(logs, new MemoryTableStore());
    await second.logged.recover(0);
    assert.deepEqual([await textsOf(second.tables), second.logged.appliedEnd()], [expected, 4]);
    assert.deepEqual(expected, ["1 a again", "4 d"]);
  });

  test("are applied up to the first write that is not in the tables yet", async () => {
    const bench = benchOver(new MemoryLogStore(1), new MemoryTableStore());
    await bench.logged.recover(0);
    const ends: number[] = [];
    const writes = [1, 2, 3].map(async (number) => {
      await bench.logged.write([put(number, "x")]);
      ends.push(bench.logged.appliedEnd());
    });
    ends.push(bench.logged.appliedEnd());
    await Promise.all(writes);
    assert.deepEqual([ends[0], ends.at(-1), bench.logged.appliedEnd()], [0, 3, 3]);
  });

  test("append nothing once they are closed, and are closed when what they took is written", async () => {
    const bench = benchOver(new MemoryLogStore(1), new MemoryTableStore());
    await bench.logged.recover(0);
    const taken = bench.logged.write([put(1, "a")]);
    await bench.logged.close();
    assert.equal(bench.logged.appliedEnd(), 1);
    await taken;
    await bench.tables.close();
    const code = await bench.logged.write([put(2, "b")]).catch(failureCode);
    assert.deepEqual([code, bench.failures, bench.log.appendedEnd(0)], ["tables-closed", [], 1]);
  });

  test("end the process when the log has what the tables do not take", async () => {
    const bench = benchOver(new MemoryLogStore(1), new MemoryTableStore());
    await bench.logged.recover(0);
    await bench.tables.close();
    const code = await bench.logged.write([put(1, "a")]).catch(failureCode);
    assert.deepEqual([code, bench.failures.length, bench.logged.appliedEnd()], ["tables-closed", 1, 0]);
  });

  test("refuse what the log refuses, and write nothing", async () => {
    const bench = benchOver(new MemoryLogStore(1), new MemoryTableStore());
    await bench.logged.recover(0);
    await bench.log.close();
    const code = await bench.logged.write([put(1, "a")]).catch(failureCode);
    assert.deepEqual([code, await textsOf(bench.tables), bench.failures.length], ["unavailable", [], 0]);
  });
});
