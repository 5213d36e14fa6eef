/**
 * Goal: a global index comes to what the rows say, whatever was written, wherever it was cut off; and its lag is told.
 *
 * Method: random writes over a slow engine, crashes at every write with part of the batches through, and then, when all is
 * followed, the entries compared with those worked out from the rows.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode, type Random } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import { MemoryTables, MemoryTableStore } from "../../memory-tables.js";
import { batch, bytes, DURABLE, text } from "../../testing/conformance-support.js";
import { crashingTables, slowTables } from "../../testing/crashing-tables.js";
import { allRows, openIndexed } from "../../testing/index-model.js";
import { ManualClock } from "../../testing/manual-time.js";
import { overTables } from "../../testing/over-tables.js";
import type { Batch, GlobalIndexSpec, Key, Tables, TableSpec, Write } from "../../tables.js";
import type { IndexedTables } from "../indexed-tables.js";

const ACCOUNT: TableSpec = { name: "account", keyOwner: "installation" };
/** Each word of an account finds it, in a partition of the word's own. */
const BY_WORD: GlobalIndexSpec = {
  name: "word",
  version: 1,
  keyParts: 1,
  partitionParts: 1,
  keyOwner: "installation",
  entriesOf: ({ partition, value }) =>
    text(value)!
      .split(" ")
      .filter((word) => word.length > 0)
      .map((word) => ({
        partition: [word],
        key: [String(partition[0])],
        included: bytes(text(value)!.slice(-1)),
      })),
};
const INDEXED: TableSpec = { ...ACCOUNT, globalIndexes: [BY_WORD] };
const WORD = { table: "account", index: "word" };
const SMALL = { chunkRows: 3, timeShare: 1 };

interface World {
  readonly clock: ManualClock;
  readonly store: MemoryTableStore;
}

function emptyWorld(): World {
  return { clock: new ManualClock(), store: new MemoryTableStore() };
}

function open(
  { store, clock }: World,
  engine: Tables = new MemoryTables(store, clock),
  declared: readonly TableSpec[] = [INDEXED],
): Promise<IndexedTables> {
  return openIndexed(store, clock, { engine, declared });
}

function put(number: number, note: string): Write {
  return { kind: "put", table: ACCOUNT, sort: [number], value: bytes(note) };
}

function randomBatch(random: Random): Batch {
  const partition = ["abc"[Math.floor(random.unit() * 3)]!];
  const writes = Array.from({ length: 1 + Math.floor(random.unit() * 2) }, (): Write => {
    const number = Math.floor(random.unit() * 4);
    if (random.unit() < 0.3) return { kind: "delete", table: ACCOUNT, sort: [number] };
    const words = Array.from(
      { length: Math.floor(random.unit() * 3) },
      () => "xyz"[Math.floor(random.unit() * 3)]!,
    );
    return put(number, words.join(" "));
  });
  return batch(partition, ...writes);
}

/** All entries of a generation, and those that the rows say; and nothing else in the queue. */
async function checkRight(tables: IndexedTables, generation: number): Promise<void> {
  await tables.globalsFollowed();
  const plain = (entry: { partition: Key; sort: Key; value: Uint8Array }): string =>
    JSON.stringify([entry.partition, entry.sort, text(entry.value)]);
  const expected = new Set<string>();
  for (const { partition, sort, value } of await allRows(tables, ACCOUNT)) {
    for (const { partition: place, key, included } of BY_WORD.entriesOf({ partition, sort, value })) {
      expected.add(plain({ partition: place, sort: [...key, ...partition, ...sort], value: included! }));
    }
  }
  const entries = await allRows(tables, { name: `account-by-word-${generation}` });
  deepEqual(entries.map(plain).toSorted(), [...expected].toSorted());
  deepEqual(await allRows(tables, { name: "index-change" }), []);
  deepEqual(await tables.globalLag(), { records: 0, ageMs: 0, trouble: "" });
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "done";
  } catch (error) {
    return failureCode(error) ?? String(error);
  }
}

describe("a global index", () => {
  it("finds rows of all partitions, in the order of its keys, with what is included", async () => {
    const tables = await open(emptyWorld());
    await tables.write(
      [batch(["b"], put(1, "x y")), batch(["a"], put(2, "x")), batch(["a"], put(1, "y"))],
      DURABLE,
    );
    await tables.globalsFollowed();
    const query = { table: INDEXED, index: "word", partition: ["x"], limit: 9 };
    const plain = (found: Awaited<ReturnType<IndexedTables["queryGlobal"]>>): unknown =>
      found.map(({ key, partition, sort, included }) => [key, partition, sort, text(included)]);
    deepEqual(plain(await tables.queryGlobal(query)), [
      [["a"], ["a"], [2], "x"],
      [["b"], ["b"], [1], "y"],
    ]);
    deepEqual(plain(await tables.queryGlobal({ ...query, from: ["b"], isDescending: true })), [
      [["b"], ["b"], [1], "y"],
    ]);
    equal(await outcome(tables.queryGlobal({ ...query, index: "none" })), "index-unknown");
    await tables.close();
  });

  it("follows whatever is written at a time", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const world = emptyWorld();
      const engine = slowTables(new MemoryTables(world.store, world.clock), () => random.unit());
      const tables = await open(world, engine);
      const writer = async (): Promise<void> => {
        for (let round = 0; round < 10; round++)
          await tables.write([randomBatch(random), randomBatch(random)], DURABLE);
      };
      await Promise.all([writer(), writer(), writer()]);
      await checkRight(tables, 1);
      await tables.close();
    }
  });

  it("comes right after a crash at each of its writes, whichever batches of it get through", async () => {
    for (const part of ["nothing", "all", "odd", "even"] as const) {
      let crashes = 0;
      for (let atWrite = 1; ; atWrite++) {
        const random = seededRandom(atWrite);
        const world = emptyWorld();
        const crashing = crashingTables(new MemoryTables(world.store, world.clock), world.store, {
          atWrite,
          takes: (index) => part === "all" || (part !== "nothing" && index % 2 === (part === "odd" ? 1 : 0)),
        });
        const opened: IndexedTables[] = [];
        const run = async (): Promise<void> => {
          const tables = await open(world, crashing.tables);
          opened.push(tables);
          for (let round = 0; round < 5; round++)
            await tables.write([randomBatch(random), randomBatch(random)], DURABLE);
          await tables.globalsFollowed();
          await tables.close();
        };
        const state = { isOver: false };
        const ended = outcome(run()).finally(() => {
          state.isOver = true;
        });
        // A crash in the follower is noticed by its own retries alone.
        while (!state.isOver && world.store.crashes === 0) await turn();
        const isCrashed = world.store.crashes > 0;
        await opened[0]?.close();
        const end = await ended;
        if (!isCrashed) equal(end, "done");
        const tables = await open(world);
        await checkRight(tables, 1);
        await tables.write([randomBatch(random)], DURABLE);
        await checkRight(tables, 1);
        await tables.close();
        if (!isCrashed) break;
        crashes += 1;
      }
      ok(crashes >= 10, `${crashes} crashes with ${part} of a write`);
    }
  });

  it("is built over rows that were there before, while writes go on, and refused until then", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const world = emptyWorld();
      const memory = new MemoryTables(world.store, world.clock);
      for (let round = 0; round < 8; round++) await memory.write([randomBatch(random)], DURABLE);
      await memory.write([batch(["a"], put(9, "x"))], DURABLE);
      const tables = await open(
        world,
        slowTables(memory, () => random.unit()),
      );
      const query = { table: INDEXED, index: "word", partition: ["x"], limit: 9 };
      const refused = await outcome(tables.queryGlobal(query));
      const building = tables.buildIndex(WORD, SMALL);
      for (let round = 0; round < 6; round++) await tables.write([randomBatch(random)], DURABLE);
      await building;
      await checkRight(tables, 1);
      deepEqual([refused, await outcome(tables.queryGlobal(query))], ["index-not-ready", "done"]);
      await tables.close();
    }
  });

  it("goes on with a build after a crash at each of its writes", async () => {
    for (let atWrite = 1; ; atWrite++) {
      const random = seededRandom(atWrite);
      const world = emptyWorld();
      const memory = new MemoryTables(world.store, world.clock);
      for (let round = 0; round < 12; round++) await memory.write([randomBatch(random)], DURABLE);
      const crashing = crashingTables(new MemoryTables(world.store, world.clock), world.store, {
        atWrite,
        takes: (index) => index % 2 === 0,
      });
      const state = { isOver: false };
      const opened: IndexedTables[] = [];
      const run = async (): Promise<void> => {
        const tables = await open(world, crashing.tables);
        opened.push(tables);
        await tables.buildIndex(WORD, SMALL);
        await tables.close();
      };
      const ended = outcome(run()).finally(() => {
        state.isOver = true;
      });
      while (!state.isOver && world.store.crashes === 0) await turn();
      const isCrashed = world.store.crashes > 0;
      await opened[0]?.close();
      const end = await ended;
      if (!isCrashed) equal(end, "done");
      const tables = await open(world);
      await tables.write([randomBatch(random)], DURABLE);
      await tables.completeIndexes(SMALL);
      await checkRight(tables, 1);
      await tables.close();
      if (!isCrashed) {
        ok(atWrite > 5);
        return;
      }
    }
  });

  it("is mended when it is built again, and read meanwhile", async () => {
    const world = emptyWorld();
    const tables = await open(world);
    await tables.write([batch(["a"], put(1, "x y"), put(2, "z"))], DURABLE);
    await tables.globalsFollowed();
    const table: TableSpec = { name: "account-by-word-1" };
    // As if something had been written behind the tables' back.
    await new MemoryTables(world.store, world.clock).write(
      [
        { partition: ["x"], writes: [{ kind: "delete", table, sort: ["a", "a", 1] }] },
        { partition: ["q"], writes: [{ kind: "put", table, sort: ["a", "a", 1], value: bytes("q") }] },
        { partition: ["z"], writes: [{ kind: "put", table, sort: ["a", "a", 2], value: bytes("?") }] },
      ],
      DURABLE,
    );
    const rebuilding = tables.buildIndex(WORD, SMALL);
    const query = { table: INDEXED, index: "word", partition: ["y"], limit: 9 };
    equal((await tables.queryGlobal(query)).length, 1);
    await rebuilding;
    await checkRight(tables, 1);
    await tables.close();
  });

  it("of another definition begins anew, and leaves nothing when it is dropped", async () => {
    const world = emptyWorld();
    const first = await open(world);
    await first.write([batch(["a"], put(1, "x y"))], DURABLE);
    await first.globalsFollowed();
    await first.close();
    const changed: TableSpec = { ...ACCOUNT, globalIndexes: [{ ...BY_WORD, version: 2 }] };
    const second = await open(world, undefined, [changed]);
    await second.completeIndexes(SMALL);
    await checkRight(second, 2);
    deepEqual(await allRows(second, { name: "account-by-word-1" }), []);
    await second.dropIndex(WORD, SMALL);
    await second.write([batch(["a"], put(2, "x"))], DURABLE);
    const query = { table: changed, index: "word", partition: ["x"], limit: 9 };
    deepEqual(
      [await outcome(second.queryGlobal(query)), await allRows(second, { name: "account-by-word-2" })],
      ["index-not-ready", []],
    );
    await second.close();
  });

  it("tells how far it is behind, and why when it cannot go on", async () => {
    const world = emptyWorld();
    const memory = new MemoryTables(world.store, world.clock);
    const state = { isBroken: true };
    const engine = overTables(memory, {
      findMany: async (table, keys) => {
        if (state.isBroken && keys.length > 1) throw new Error("A row is damaged.");
        return memory.findMany(table, keys);
      },
    });
    const tables = await open(world, engine);
    const fresh = (number: number): Write => ({ ...put(number, "x"), isNew: true }) as Write;
    await tables.write([batch(["a"], fresh(1), fresh(2))], DURABLE);
    world.clock.advance(700);
    for (let turns = 0; turns < 1000 && (await tables.globalLag()).trouble === ""; turns++) await turn();
    deepEqual(await tables.globalLag(), { records: 2, ageMs: 700, trouble: "A row is damaged." });
    state.isBroken = false;
    await checkRight(tables, 1);
    await tables.close();
  });

  it("lets writers wait when it is too far behind", async () => {
    const world = emptyWorld();
    const memory = new MemoryTables(world.store, world.clock);
    let letThrough = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const engine = overTables(memory, {
      write: async (batches, options) => {
        if (batches.some(({ writes }) => writes[0]?.table.name === "account-by-word-1")) await gate;
        await memory.write(batches, options);
      },
    });
    const tables = await openIndexed(world.store, world.clock, {
      declared: [INDEXED],
      engine,
      queueRecordsMax: 3,
    });
    let written = 0;
    const writing = (async () => {
      for (let number = 1; number <= 5; number++) {
        await tables.write([batch(["a"], put(number, "x"))], DURABLE);
        written += 1;
      }
    })();
    for (let turns = 0; turns < 100; turns++) await turn();
    equal(written, 3);
    letThrough();
    await writing;
    await checkRight(tables, 1);
    await tables.close();
  });

  it("notes no change that leaves its entries as they are", async () => {
    const world = emptyWorld();
    const memory = new MemoryTables(world.store, world.clock);
    const written: string[] = [];
    const engine = overTables(memory, {
      write: (batches, options) => {
        for (const { writes } of batches) for (const { table } of writes) written.push(table.name);
        return memory.write(batches, options);
      },
    });
    const tables = await open(world, engine);
    await tables.write([batch(["a"], put(1, "x y"))], DURABLE);
    await tables.globalsFollowed();
    written.length = 0;
    await tables.write([batch(["a"], put(1, "x  y"))], DURABLE);
    await tables.globalsFollowed();
    deepEqual(written, ["account"]);
    await tables.close();
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
