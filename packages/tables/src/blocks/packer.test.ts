/**
 * Goal: what is packed together later reads as before, at every moment, and is packed anew once only.
 *
 * Method: few rows at a time, changes and deletions among them, until the packer has worked; readers who run at the same time on
 * an engine whose answers take turns of chance; and an engine that fails in the middle.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "@parley/base";
import { RecordingLogger, seededRandom } from "@parley/base/testing";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { immediateScheduler as scheduler, ManualClock } from "../testing/manual-time.js";
import type {
  AppendRows,
  Batch,
  Key,
  RangeQuery,
  Row,
  ScannedRow,
  Tables,
  TableScan,
  TableSpec,
  Write,
} from "../tables.js";
import { BlockTables } from "./block-tables.js";
import { blockTableOf } from "./stored-keys.js";

const TABLE: TableSpec = { name: "history", isPacked: true };
const QUEUE: TableSpec = { name: "queue", isPacked: true, hasExpiry: true };
const PARTITION: Key = ["tenant", "one"];
const DELAY_TURNS_MAX = 12;

/** An engine whose answers come some turns later, and which can be told to fail. */
class SlowTables implements Tables {
  failsAfterWrites = Infinity;
  readonly #tables: Tables;
  readonly #random: Random;

  constructor(tables: Tables, random: Random) {
    this.#tables = tables;
    this.#random = random;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    await this.#turns();
    return this.#tables.find(table, partition, sort);
  }

  async findMany(
    table: TableSpec,
    keys: readonly { readonly partition: Key; readonly sort: Key }[],
  ): Promise<readonly (Uint8Array | undefined)[]> {
    await this.#turns();
    return this.#tables.findMany(table, keys);
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    await this.#turns();
    const rows = await this.#tables.range(query);
    await this.#turns();
    return rows;
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    await this.#turns();
    return this.#tables.scanTable(scan);
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    await this.#turns();
    if (this.failsAfterWrites-- <= 0) throw new Error("the disk is gone");
    await this.#tables.write(batches, options);
    await this.#turns();
  }

  appendRows(request: AppendRows): Promise<number> {
    return this.#tables.appendRows(request);
  }

  close(): Promise<void> {
    return this.#tables.close();
  }

  async #turns(): Promise<void> {
    for (let turns = this.#random.unit() * DELAY_TURNS_MAX; turns > 1; turns--) await Promise.resolve();
  }
}

function world(seed = 1) {
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  const logger = new RecordingLogger();
  const engine = new SlowTables(new MemoryTables(store, clock), seededRandom(seed));
  const open = (tables: Tables): BlockTables => new BlockTables({ tables, clock, scheduler, logger });
  const raw = (): MemoryTables => new MemoryTables(store, clock);
  return { clock, logger, engine, raw, tables: open(engine), reopen: () => open(raw()) };
}

function put(table: TableSpec, number: number, isNew = true, expiresAtMs?: number): Write {
  const value = new TextEncoder().encode(`${number}${isNew ? "" : " changed"}`);
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  return { kind: "put", table, sort: [number], value, ...(isNew ? { isNew } : {}), ...expiry };
}

async function write(tables: Tables, writes: readonly Write[]): Promise<void> {
  await tables.write([{ partition: PARTITION, writes }], { isDurable: true });
}

async function numbers(tables: Tables, table = TABLE): Promise<readonly number[]> {
  const rows = await tables.range({ table, partition: PARTITION, limit: 10_000 });
  return rows.map(({ sort }) => Number(sort[0]));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

test("short blocks and single rows become full blocks, with what was changed and deleted", async () => {
  const { tables, raw, reopen } = world();
  for (let number = 1; number <= 200; number += 5) {
    await write(
      tables,
      upTo(5).map((each) => put(TABLE, number + each - 1)),
    );
  }
  await write(tables, [put(TABLE, 7, false), { kind: "delete", table: TABLE, sort: [9] }]);
  for (let number = 201; number <= 420; number++) await write(tables, [put(TABLE, number)]);
  await tables.packed();
  ok(tables.stats.repackedRows >= 256);
  ok(tables.stats.repackedRows <= 420, "each row is packed anew once");
  const blocks = await raw().range({ table: blockTableOf(TABLE), partition: PARTITION, limit: 1_000 });
  ok(blocks.length <= 12, `${blocks.length} blocks`);
  for (const each of [tables, reopen()]) {
    deepEqual(
      await numbers(each),
      upTo(420).filter((number) => number !== 9),
    );
    const changed = await each.find(TABLE, PARTITION, [7]);
    equal(new TextDecoder().decode(changed), "7 changed");
    equal(await each.find(TABLE, PARTITION, [9]), undefined);
  }
});

test("rows that expire keep their expiry when they are packed together", async () => {
  const { tables, clock } = world();
  const soonMs = clock.nowMs() + 100;
  for (let number = 1; number <= 400; number += 4) {
    const expiresAtMs = number % 8 === 1 ? soonMs : soonMs + 1_000;
    await write(
      tables,
      upTo(4).map((each) => put(QUEUE, number + each - 1, true, expiresAtMs)),
    );
  }
  await tables.packed();
  ok(tables.stats.repackedRows > 0);
  equal((await numbers(tables, QUEUE)).length, 400);
  clock.advance(100);
  equal((await numbers(tables, QUEUE)).length, 200);
});

test("who reads while rows are packed together sees each of them once", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { tables, logger } = world(seed);
    const random = seededRandom(seed + 1_000);
    let written = 0;
    const progress = { isWriting: true };
    const read = async (): Promise<void> => {
      while (progress.isWriting) {
        const atLeast = written;
        const isDescending = random.unit() < 0.5;
        const before = random.unit() < 0.5 ? undefined : 1 + Math.floor(random.unit() * (atLeast + 1));
        const bound = before === undefined ? {} : { before: [before] };
        const limit = random.unit() < 0.5 ? 10_000 : 1 + Math.floor(random.unit() * 60);
        const rows = await tables.range({
          table: TABLE,
          partition: PARTITION,
          isDescending,
          limit,
          ...bound,
        });
        const found = rows.map(({ sort }) => Number(sort[0]));
        const top = before === undefined ? Math.max(atLeast, ...found) : before - 1;
        const all = upTo(top);
        deepEqual(found, (isDescending ? all.toReversed() : all).slice(0, limit));
      }
    };
    const readers = [read(), read(), read()];
    while (written < 600) {
      const count = 1 + Math.floor(random.unit() * 8);
      await write(
        tables,
        upTo(count).map((each) => put(TABLE, written + each)),
      );
      written += count;
    }
    await tables.packed();
    progress.isWriting = false;
    await Promise.all(readers);
    ok(tables.stats.repackedRows > 0);
    deepEqual(logger.warnings, []);
  }
});

test("a write that fails while rows are packed together loses none, whenever it fails", async () => {
  let failures = 0;
  for (let writes = 30; writes < 60; writes++) {
    const { tables, engine, reopen, logger } = world(writes);
    engine.failsAfterWrites = writes;
    let written = 0;
    try {
      while (written < 400) {
        await write(
          tables,
          upTo(5).map((each) => put(TABLE, written + each)),
        );
        written += 5;
      }
    } catch {
      // What was written before has to be there.
    }
    await tables.packed();
    failures += logger.warnings.filter((event) => event === "packing-failed").length;
    deepEqual((await numbers(reopen())).slice(0, written), upTo(written));
  }
  ok(failures > 0, "some failed in the middle of packing");
});
