/**
 * Goal: packing everything leaves no long tail in any partition, reads as before, lets others work, and ends when it has to.
 *
 * Method: a table that was filled before packing was there (all rows lie beside blocks), in more partitions than one step takes.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Scheduler } from "@parley/base";
import { RecordingLogger } from "@parley/base/testing";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { ManualClock } from "../testing/manual-time.js";
import type { Key, TableSpec, Write } from "../tables.js";
import { BlockTables } from "./block-tables.js";
import type { PackProgress } from "./pack-all.js";
import { FULL_ROWS } from "./tail.js";
import { blockTableOf } from "./stored-keys.js";

const TABLE: TableSpec = { name: "history", isPacked: true };
const PARTITIONS = 11;
/** More than one step packs of a partition. */
const LONG_ROWS = 4_500;
const SHORT_ROWS = FULL_ROWS - 1;

function put(number: number): Write {
  return { kind: "put", table: TABLE, sort: [number], value: new TextEncoder().encode(`row ${number}`) };
}

function partitionOf(number: number): Key {
  return ["tenant", `c${number}`];
}

function rowsOf(number: number): number {
  return number === 3 ? LONG_ROWS : number % 2 === 0 ? SHORT_ROWS : 300;
}

async function world() {
  const clock = new ManualClock();
  const raw = new MemoryTables(new MemoryTableStore(), clock);
  const pauses: number[] = [];
  let isHeld = false;
  const scheduler: Scheduler = {
    after: (delayMs, task) => {
      pauses.push(delayMs);
      if (!isHeld) setImmediate(task);
      return { cancel: () => undefined };
    },
    every: () => ({ cancel: () => undefined }),
    soon: (task) => void setImmediate(task),
  };
  for (let number = 0; number < PARTITIONS; number++) {
    const writes = Array.from({ length: rowsOf(number) }, (_, index) => put(index + 1));
    await raw.write([{ partition: partitionOf(number), writes }], { isDurable: true });
  }
  const tables = new BlockTables({ tables: raw, clock, scheduler, logger: new RecordingLogger() });
  return {
    clock,
    raw,
    tables,
    pauses,
    hold: () => {
      isHeld = true;
    },
  };
}

async function numbersOf(tables: BlockTables, partition: Key): Promise<readonly number[]> {
  const rows = await tables.range({ table: TABLE, partition, limit: 10_000 });
  return rows.map(({ sort }) => Number(sort[0]));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

test("packing everything leaves no long tail, changes no row, and has nothing to do the second time", async () => {
  const { raw, tables } = await world();
  const progress: PackProgress[] = [];
  await tables.packAll(TABLE, { onProgress: (each) => progress.push(each) });
  const beside: number[] = [];
  const blocks: number[] = [];
  for (let number = 0; number < PARTITIONS; number++) {
    const partition = partitionOf(number);
    deepEqual(await numbersOf(tables, partition), upTo(rowsOf(number)));
    beside.push((await raw.range({ table: TABLE, partition, limit: 10_000 })).length);
    blocks.push((await raw.range({ table: blockTableOf(TABLE), partition, limit: 10_000 })).length);
  }
  ok(beside.every((rows) => rows < FULL_ROWS));
  equal(beside[0], SHORT_ROWS);
  ok(blocks[3]! >= LONG_ROWS / 128 && blocks[3]! <= LONG_ROWS / FULL_ROWS);
  equal(progress.at(-1)?.partitions, PARTITIONS);
  const packed = tables.stats.repackedRows;
  await tables.packAll(TABLE);
  equal(tables.stats.repackedRows, packed);
});

test("rows written while everything is packed stay", async () => {
  const { tables } = await world();
  const packing = tables.packAll(TABLE);
  for (let number = 0; number < PARTITIONS; number++) {
    const write: Write = { ...put(rowsOf(number) + 1), isNew: true } as Write;
    const remove: Write = { kind: "delete", table: TABLE, sort: [1] };
    await tables.write([{ partition: partitionOf(number), writes: [write, remove] }], { isDurable: true });
  }
  await packing;
  for (let number = 0; number < PARTITIONS; number++) {
    deepEqual(await numbersOf(tables, partitionOf(number)), upTo(rowsOf(number) + 1).slice(1));
  }
});

test("it pauses for as many times as long as it works as it is told", async () => {
  const { clock, tables, pauses, raw } = await world();
  const write = raw.write.bind(raw);
  raw.write = async (batches, options) => {
    clock.advance(10);
    await write(batches, options);
  };
  await tables.packAll(TABLE, { pauseFactor: 3 });
  deepEqual(
    [...new Set(pauses)].toSorted((one, other) => one - other),
    [0, 30],
  );
});

test("closing the tables ends it where it is", async () => {
  const { tables, pauses, hold } = await world();
  hold();
  const refused = rejects(tables.packAll(TABLE), { code: "tables-closed" });
  for (let turn = 0; turn < 1_000 && pauses.length === 0; turn++) await new Promise(setImmediate);
  equal(pauses.length, 1);
  await tables.close();
  await refused;
});
