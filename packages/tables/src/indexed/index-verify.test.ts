/**
 * Goal: the verification finds every entry that is missing, over or different, and nothing else, however rows and entries
 * lie in partitions and chunks.
 *
 * Method: damage behind the tables' back, drawn from a seed; what is found is compared with what was done.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@parley/base/testing";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { batch, bytes, DURABLE, put } from "../testing/conformance-support.js";
import { BY_WORD, openIndexed } from "../testing/index-model.js";
import { ManualClock } from "../testing/manual-time.js";
import { overTables } from "../testing/over-tables.js";
import { NOTES } from "../testing/table-model.js";
import type { Key, TableSpec, Write } from "../tables.js";
import { HELD_ROWS_MAX } from "./index-verify.js";

const WORD = { table: "notes", index: "word" };
const DECLARED: TableSpec = { ...NOTES, indexes: [BY_WORD] };
const ENTRIES: TableSpec = { name: "notes-by-word-1" };

type Damage = { readonly missing: number; readonly extra: number; readonly different: number };

interface Content {
  /** Rows of each partition: one word each, or none for every third when the index is sparse. */
  readonly partitions: ReadonlyMap<string, number>;
  readonly isSparse?: boolean;
}

/** Writes, damages, and verifies in chunks; gives what was done, what was found, and the most rows looked up in one call. */
async function verifyDamaged(
  { partitions, isSparse = false }: Content,
  { seed, chunkRows }: { readonly seed: number; readonly chunkRows: number },
): Promise<{ readonly done: Damage; readonly found: Damage; readonly lookedUp: number; readonly read: Key }> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  const memory = new MemoryTables(store, clock);
  let lookedUp = 0;
  const engine = overTables(memory, {
    findMany(table, keys) {
      lookedUp += keys.length;
      return memory.findMany(table, keys);
    },
  });
  const tables = await openIndexed(store, clock, { declared: [DECLARED], engine });
  const done = { missing: 0, extra: 0, different: 0 };
  let entries = 0;
  for (const [name, rows] of partitions) {
    const numbers = Array.from({ length: rows }, (_, number) => number);
    const isIndexed = (number: number): boolean => !isSparse || number % 3 === 0;
    const notes = numbers.map((number) => put([number], isIndexed(number) ? `w${number % 7}` : ""));
    await tables.write([batch([name], ...notes.map((note) => ({ ...note, isNew: true })))], DURABLE);
    const damage: Write[] = [];
    for (const number of numbers.filter(isIndexed)) {
      entries += 1;
      const sort = [`w${number % 7}`, number];
      const chance = random.unit();
      if (chance < 0.05) damage.push({ kind: "delete", table: ENTRIES, sort });
      else if (chance < 0.1) damage.push({ kind: "put", table: ENTRIES, sort, value: bytes("?") });
      if (chance < 0.05) done.missing += 1;
      else if (chance < 0.1) done.different += 1;
    }
    // Beside the entries of rows, and without a row; in partitions without rows too.
    for (const place of [name, `${name}-without-rows`]) {
      if (random.unit() < 0.5) continue;
      done.extra += 1;
      const write: Write = { kind: "put", table: ENTRIES, sort: ["zz", 7], value: bytes("z") };
      if (place === name) damage.push(write);
      else await memory.write([batch([place], write)], DURABLE);
    }
    if (damage.length > 0) await memory.write([batch([name], ...damage)], DURABLE);
  }
  lookedUp = 0;
  const verification = await tables.verifyIndex(WORD, { chunkRows, timeShare: 1 });
  const { missing, extra, different, rows, entries: entriesRead } = verification;
  const read = [rows, entriesRead - (entries - done.missing + done.extra)];
  return { done, found: { missing, extra, different }, lookedUp, read };
}

test("whatever is wrong is found, in partitions of every size and at the edges of chunks", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const sizes = Array.from(
      { length: 12 },
      (_, index) => [`p${index}`, Math.floor(random.unit() * 9)] as const,
    );
    const content = { partitions: new Map(sizes), isSparse: seed % 2 === 0 };
    const { done, found, read } = await verifyDamaged(content, { seed, chunkRows: 1 + (seed % 7) });
    const rows = sizes.reduce((sum, [, size]) => sum + size, 0);
    deepEqual({ found, read }, { found: done, read: [rows, 0] }, `seed ${seed}`);
  }
});

test("a partition that is too large to be held is compared with look-ups, and only that", async () => {
  const partitions = new Map([
    ["a", 50],
    ["b", HELD_ROWS_MAX * 2],
    ["c", 50],
  ]);
  for (const isSparse of [false, true]) {
    const { done, found, lookedUp } = await verifyDamaged(
      { partitions, isSparse },
      { seed: 3, chunkRows: 100 },
    );
    const entries = isSparse ? Math.ceil((HELD_ROWS_MAX * 2) / 3) : HELD_ROWS_MAX * 2;
    const isOfLarge = lookedUp > 1.8 * entries && lookedUp <= 2.1 * entries;
    deepEqual(
      { found, isOfLarge, isDamaged: done.missing > 10 },
      { found: done, isOfLarge: true, isDamaged: true },
    );
  }
});

test("partitions that can be held are compared without a look-up", async () => {
  const partitions = new Map([
    ["a", 700],
    ["b", HELD_ROWS_MAX / 2],
  ]);
  const { done, found, lookedUp } = await verifyDamaged({ partitions }, { seed: 4, chunkRows: 100 });
  deepEqual({ found, lookedUp }, { found: done, lookedUp: 0 });
});
