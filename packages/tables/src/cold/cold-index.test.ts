/**
 * Goal: an index agrees with its rows while they go cold, are changed there, come back and are trimmed, and while it is built.
 *
 * Method: random appends, changes, passes and trims beside builds and drops on an engine whose answers take turns of chance; then
 * `verifyIndex` looks at every row and every entry.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { RecordingLogger, seededRandom } from "@parley/base/testing";
import { BlockTables } from "../blocks/block-tables.js";
import { type IndexedTables, openIndexedTables } from "../indexed/indexed-tables.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { slowTables } from "../testing/crashing-tables.js";
import { immediateScheduler as scheduler, ManualClock } from "../testing/manual-time.js";
import { MemoryObjects } from "../testing/memory-objects.js";
import type { Key, TableSpec, Write } from "../tables.js";
import type { ColdTier } from "./cold-tier.js";
import { noSeals } from "./seals.js";

const WORDS = 5;
/** A row says its time and a word. */
const TABLE: TableSpec = {
  name: "history",
  isPacked: true,
  timeOf: (value) => Number(text(value).split(" ")[0]),
  indexes: [
    {
      name: "word",
      version: 1,
      keyParts: 1,
      entriesOf: ({ value }) => [{ key: [text(value).split(" ")[1]!] }],
    },
  ],
};
const NAME = { table: "history", index: "word" };
const PARTITIONS: readonly Key[] = [
  ["t", "one"],
  ["t", "two"],
];
const SMALL = { chunkRows: 150, timeShare: 1 };
const GENTLE = { pauseFactor: 0 };

test("entries follow their rows into the cold and out of the tables", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const world = await World.open(seed);
    const { tables, cold } = world;
    let isDone = false;
    const writing = world.write(() => isDone);
    const building = (async () => {
      for (let round = 0; round < 3; round++) {
        await tables
          .buildIndex(NAME, SMALL)
          .catch((error: unknown) => equal(failureCode(error), "index-dropped"));
        if (round < 2) await tables.dropIndex(NAME, SMALL);
      }
    })();
    for (let round = 0; round < 4; round++) {
      await cold.pass(TABLE, async () => ({ beforeMs: 400 + round * 400 }), GENTLE);
      for (const partition of PARTITIONS)
        while ((await tables.trim(TABLE, partition, 100 + round * 250)) > 0);
      await cold.sweep([TABLE], GENTLE);
      if (round === 2) await cold.pass(TABLE, async () => "hot", GENTLE);
    }
    await building;
    isDone = true;
    await writing;
    ok(cold.stats.movedRows > 200 && cold.stats.trimmedRows > 200, `seed ${seed}`);
    const { missing, extra, different, rows } = await tables.verifyIndex(NAME, SMALL);
    deepEqual({ missing, extra, different }, { missing: 0, extra: 0, different: 0 }, `seed ${seed}`);
    ok(rows > 200);
    await tables.close();
  }
});

class World {
  readonly tables: IndexedTables;
  readonly cold: ColdTier;
  readonly #unit: () => number;
  readonly #lasts = PARTITIONS.map(() => 0);

  private constructor(tables: IndexedTables, cold: ColdTier, unit: () => number) {
    this.tables = tables;
    this.cold = cold;
    this.#unit = unit;
  }

  static async open(seed: number): Promise<World> {
    const random = seededRandom(seed);
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    const engine = slowTables(new MemoryTables(new MemoryTableStore(), clock), () => random.unit());
    const options = { objects: new MemoryObjects(), seals: noSeals, random, objectBytes: 5_000 };
    const cold = { ...options, compress: async (body: Uint8Array) => body };
    const blocks = new BlockTables({ tables: engine, clock, scheduler, logger, cold });
    const trim = blocks.cold!.trim.bind(blocks.cold);
    const tables = await openIndexedTables({ tables: blocks, declared: [TABLE], clock, scheduler, trim });
    await tables.dropIndex(NAME, SMALL);
    const world = new World(tables, blocks.cold!, () => random.unit());
    for (let round = 0; round < 18; round++) await world.append(100);
    return world;
  }

  async append(count: number): Promise<void> {
    const at = Math.floor(this.#unit() * PARTITIONS.length);
    const writes = Array.from({ length: count }, (): Write => {
      const number = ++this.#lasts[at]!;
      return { ...this.#put(number), isNew: true };
    });
    await this.tables.write([{ partition: PARTITIONS[at]!, writes }], { isDurable: true });
  }

  /** Appends a little, changes and deletes, until it is told to end. */
  async write(isEnd: () => boolean): Promise<void> {
    while (!isEnd()) {
      const at = Math.floor(this.#unit() * PARTITIONS.length);
      const number = 1 + Math.floor(this.#unit() * this.#lasts[at]!);
      const isRemoval = this.#unit() < 0.2;
      const write: Write = isRemoval ? { kind: "delete", table: TABLE, sort: [number] } : this.#put(number);
      await this.tables.write([{ partition: PARTITIONS[at]!, writes: [write] }], { isDurable: true });
      if (this.#unit() < 0.1) await this.append(5);
      for (let turn = 0; turn < 60; turn++) await new Promise(setImmediate);
    }
  }

  #put(number: number): Write & { kind: "put" } {
    const word = "abcdefgh"[Math.floor(this.#unit() * WORDS)];
    return {
      kind: "put",
      table: TABLE,
      sort: [number],
      value: new TextEncoder().encode(`${number} ${word}`),
    };
  }
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
