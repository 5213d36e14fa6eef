/**
 * Goal: an index that calls itself readable has exactly the entries of the rows, whatever was written while it was built,
 * wherever a build or a drop was cut off, and however often.
 *
 * Method: writers, seeds and crashes are random; what the index finds is compared with what the rows say, and `verifyIndex`
 * has to agree.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { type Failure, failureCode, type Random } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { batch, bytes, DURABLE, P, put, remove } from "../testing/conformance-support.js";
import { crashingTables, slowTables } from "../testing/crashing-tables.js";
import {
  allRows,
  BY_WORD,
  expectedMatches,
  openIndexed,
  plainMatches,
  wholeIndex,
} from "../testing/index-model.js";
import { ManualClock } from "../testing/manual-time.js";
import { overTables } from "../testing/over-tables.js";
import { NOTES, TYPING } from "../testing/table-model.js";
import type { Batch, Key, Tables, TableSpec, Write } from "../tables.js";
import { INDEX_STATE } from "./index-state.js";
import type { IndexedTables } from "./indexed-tables.js";

const WORD = { table: "notes", index: "word" };
const DECLARED: TableSpec = { ...NOTES, indexes: [BY_WORD] };
const PARTITIONS: readonly Key[] = [["p"], ["p", ""], ["q"], ["r", 7]];
/** Small, so that a build of few rows has many chunks; and no pauses. */
const SMALL = { chunkRows: 3, timeShare: 1 };

interface World {
  readonly clock: ManualClock;
  readonly store: MemoryTableStore;
}

/** A store with rows that no index knows. */
async function filled(rowsPerPartition: number, random: Random): Promise<World> {
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  const plain = new MemoryTables(store, clock);
  for (const partition of PARTITIONS) {
    const writes = Array.from({ length: rowsPerPartition }, (_, index) => put([index], words(random)));
    await plain.write([batch(partition, ...writes)], DURABLE);
  }
  return { clock, store };
}

function words(random: Random): string {
  const count = Math.floor(random.unit() * 4);
  return Array.from({ length: count }, () => "abcd"[Math.floor(random.unit() * 4)]!).join(" ");
}

function randomBatch(random: Random): Batch {
  const partition = PARTITIONS[Math.floor(random.unit() * PARTITIONS.length)]!;
  const writes = Array.from({ length: 1 + Math.floor(random.unit() * 3) }, (): Write => {
    const sort = [Math.floor(random.unit() * 12)];
    return random.unit() < 0.3 ? remove(sort) : put(sort, words(random));
  });
  return batch(partition, ...writes);
}

function open({ store, clock }: World, declared: readonly TableSpec[] = [DECLARED]): Promise<IndexedTables> {
  return openIndexed(store, clock, { declared });
}

/** Nothing when index and rows agree, by the model and by the verification; and no other generation has entries. */
async function checkRight(tables: IndexedTables): Promise<void> {
  const rows = await allRows(tables, NOTES);
  for (const partition of PARTITIONS) {
    const own = rows.filter((row) => JSON.stringify(row.partition) === JSON.stringify(partition));
    const query = wholeIndex(DECLARED, "word", partition);
    deepEqual(plainMatches(await tables.queryIndex(query)), plainMatches(expectedMatches(own, query)));
  }
  const { missing, extra, different, examples } = await tables.verifyIndex(WORD, SMALL);
  deepEqual({ missing, extra, different, examples }, { missing: 0, extra: 0, different: 0, examples: [] });
}

async function entriesOf(tables: IndexedTables, generation: number): Promise<number> {
  return (await allRows(tables, { name: `notes-by-word-${generation}` })).length;
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "done";
  } catch (error) {
    return failureCode(error) ?? String(error);
  }
}

describe("building an index", () => {
  it("makes it readable over rows that were there before, and it is refused until then", async () => {
    const world = await filled(10, seededRandom(1));
    const tables = await open(world);
    const refused = await tables
      .queryIndex(wholeIndex(DECLARED, "word", P))
      .catch((error: unknown) => error as Failure);
    const done: number[] = [];
    await tables.buildIndex(WORD, { ...SMALL, onProgress: (progress) => done.push(progress.done) });
    await checkRight(tables);
    deepEqual(
      [failureCode(refused), (refused as Failure).details, done.slice(0, 3), done.includes(40)],
      ["index-not-ready", { table: "notes", index: "word", phase: "absent", rowsDone: 0 }, [3, 6, 9], true],
    );
    const again = await open(world);
    await checkRight(again);
    deepEqual(again.indexStatus(), [
      { table: "notes", index: "word", version: 1, generation: 1, phase: "readable", rowsDone: 40 },
    ]);
  });

  it("is not needed where the table was empty when the index was declared", async () => {
    const tables = await open({ store: new MemoryTableStore(), clock: new ManualClock() });
    await tables.write([batch(P, put([1], "a b"))], DURABLE);
    await checkRight(tables);
    equal(await entriesOf(tables, 1), 2);
  });

  it("leaves nothing out and nothing over, whatever is written meanwhile", async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = seededRandom(seed);
      const world = await filled(8, random);
      const engine = slowTables(new MemoryTables(world.store, world.clock), () => random.unit());
      const tables = await openIndexed(world.store, world.clock, { declared: [DECLARED], engine });
      const building = tables.buildIndex(WORD, SMALL);
      const state = { isBuilding: true };
      const built = building.finally(() => {
        state.isBuilding = false;
      });
      const writer = async (): Promise<void> => {
        for (let round = 0; round < 200 && state.isBuilding; round++) {
          await tables.write([randomBatch(random), randomBatch(random)], DURABLE);
          const query = wholeIndex(DECLARED, "word", P);
          const end = await outcome(tables.queryIndex(query));
          ok(end === "done" || end === "index-not-ready");
        }
      };
      await Promise.all([built, writer(), writer(), writer()]);
      await checkRight(tables).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });

  it("ends while writers never rest, and asks the engine for no write beside theirs", async () => {
    const random = seededRandom(10);
    const world = await filled(50, random);
    const memory = new MemoryTables(world.store, world.clock);
    const ofEntries = { withRows: 0, alone: 0 };
    // Takes turns of the event loop, as an engine does.
    const slow = slowTables(memory, () => 0.3);
    const engine = overTables(slow, {
      async write(batches, options) {
        const names = new Set(batches.flatMap(({ writes }) => writes.map(({ table }) => table.name)));
        const isOfBuild = batches.some(({ partition }) => partition[0] === "notes");
        if (isOfBuild && names.has("notes-by-word-1"))
          ofEntries[names.has("notes") ? "withRows" : "alone"] += 1;
        await slow.write(batches, options);
      },
    });
    const tables = await openIndexed(world.store, world.clock, { declared: [DECLARED], engine });
    const state = { isBuilding: true };
    const built = tables.buildIndex(WORD, { chunkRows: 3, timeShare: 0.2 }).finally(() => {
      state.isBuilding = false;
    });
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 100_000 && state.isBuilding; round++)
        await tables.write([randomBatch(random)], DURABLE);
      equal(state.isBuilding, false);
    };
    await Promise.all([built, writer(), writer()]);
    await checkRight(tables);
    deepEqual([ofEntries.alone, ofEntries.withRows > 50], [0, true]);
  });

  for (const [title, others] of [
    ["leaves rows to their writers that are written while a chunk is on its way", 0],
    ["reads a chunk again when more rows were written meanwhile than are remembered", 20_000],
  ] as const) {
    it(title, async () => {
      const world = await filled(2, seededRandom(9));
      const memory = new MemoryTables(world.store, world.clock);
      await memory.write([batch(P, put([0], "stays goes"), put([1], "gone"))], DURABLE);
      const opened: IndexedTables[] = [];
      let scans = 0;
      const engine = overTables(memory, {
        async scanTable(scan) {
          const rows = await memory.scanTable(scan);
          const isChunk = scan.table.name === "notes" && scan.limit > 1;
          if (isChunk) scans += 1;
          if (!isChunk || scans > 1) return rows;
          const many = Array.from({ length: others }, (_, index) => put([100 + index], ""));
          await opened[0]!.write([batch(P, ...many)], DURABLE);
          await opened[0]!.write([batch(P, put([0], "stays comes"), remove([1]))], DURABLE);
          return rows;
        },
      });
      opened.push(await openIndexed(world.store, world.clock, { declared: [DECLARED], engine }));
      await opened[0]!.buildIndex(WORD, { chunkRows: 10_000 });
      await checkRight(opened[0]!);
    });
  }

  it("gives entries the expiry of their rows", async () => {
    const clock = new ManualClock();
    const store = new MemoryTableStore();
    const table: TableSpec = { ...TYPING, indexes: [BY_WORD] };
    const expiring: Write = {
      kind: "put",
      table: TYPING,
      sort: [1],
      value: bytes("a"),
      expiresAtMs: clock.nowMs() + 10,
    };
    const lasting: Write = { kind: "put", table: TYPING, sort: [2], value: bytes("a") };
    await new MemoryTables(store, clock).write([batch(P, expiring, lasting)], DURABLE);
    const tables = await openIndexed(store, clock, { declared: [table] });
    await tables.buildIndex({ table: "typing", index: "word" });
    const sorts = async (): Promise<unknown> =>
      (await tables.queryIndex(wholeIndex(table, "word", P))).map(({ sort }) => sort[0]);
    const before = await sorts();
    clock.advance(10);
    deepEqual([before, await sorts()], [[1, 2], [2]]);
  });

  it("goes on after a close from where it was, and is awaited by all who ask for it", async () => {
    const world = await filled(10, seededRandom(2));
    const first = await open(world);
    const waiting = [1, 2].map(() =>
      outcome(
        first.buildIndex(WORD, {
          ...SMALL,
          onProgress: ({ done }) => {
            if (done === 12) void first.close();
          },
        }),
      ),
    );
    deepEqual(await Promise.all(waiting), ["tables-closed", "tables-closed"]);
    const second = await open(world);
    await second.write([batch(P, put([0], "d"), put([99], "d"))], DURABLE);
    const [status] = second.indexStatus();
    const steps: number[] = [];
    await second.completeIndexes({
      ...SMALL,
      onProgress: ({ step, done }) => {
        if (step === "building") steps.push(done);
      },
    });
    await checkRight(second);
    deepEqual([status?.phase, status?.rowsDone, steps[0]], ["write-only", 9, 12]);
  });

  it("survives a crash at each of its writes, whichever batches of it get through, and writes between", async () => {
    for (const part of ["nothing", "all", "odd", "even"] as const) {
      let crashes = 0;
      for (let atWrite = 1; ; atWrite++) {
        const random = seededRandom(atWrite);
        const world = await filled(5, random);
        const engine = crashingTables(new MemoryTables(world.store, world.clock), world.store, {
          atWrite,
          takes: (index) => part === "all" || (part !== "nothing" && index % 2 === (part === "odd" ? 1 : 0)),
        });
        const isCrashed = (await outcome(runBuild(world, engine.tables))) !== "done";
        const tables = await open(world);
        await tables.write([randomBatch(random), randomBatch(random)], DURABLE);
        await tables.completeIndexes(SMALL);
        await checkRight(tables);
        if (!isCrashed) break;
        crashes += 1;
      }
      ok(crashes > 10, `${crashes} crashes with ${part} of a write`);
    }
  });

  it("of another definition begins anew, and what the old one left is removed", async () => {
    const world = await filled(6, seededRandom(3));
    const first = await open(world);
    await first.buildIndex(WORD);
    await first.close();
    const reversed: TableSpec = {
      ...NOTES,
      indexes: [{ ...BY_WORD, version: 2, entriesOf: (row) => BY_WORD.entriesOf(row).slice(0, 1) }],
    };
    const second = await open(world, [reversed]);
    const refused = await outcome(second.queryIndex(wholeIndex(reversed, "word", P)));
    await second.completeIndexes(SMALL);
    const query = wholeIndex(reversed, "word", P);
    const rows = await second.range({ table: NOTES, partition: P, limit: 100 });
    deepEqual(plainMatches(await second.queryIndex(query)), plainMatches(expectedMatches(rows, query)));
    deepEqual([refused, await entriesOf(second, 1)], ["index-not-ready", 0]);
    ok((await entriesOf(second, 2)) > 0);
  });
});

describe("dropping an index", () => {
  it("refuses queries from then on, removes its entries under writes, and it can be built again", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const world = await filled(8, random);
      const engine = slowTables(new MemoryTables(world.store, world.clock), () => random.unit());
      const tables = await openIndexed(world.store, world.clock, { declared: [DECLARED], engine });
      await tables.buildIndex(WORD, SMALL);
      const dropping = tables.dropIndex(WORD, SMALL);
      let ends = "";
      for (let round = 0; round < 10; round++) {
        await tables.write([randomBatch(random)], DURABLE);
        const end = await outcome(tables.queryIndex(wholeIndex(DECLARED, "word", P)));
        ends += end === "done" ? "+" : end === "index-not-ready" ? "-" : "?";
      }
      ok(/^\+{0,3}-+$/.test(ends), ends);
      await dropping;
      deepEqual([await entriesOf(tables, 1), tables.indexStatus()[0]?.phase], [0, "absent"]);
      await tables.buildIndex(WORD, SMALL);
      await checkRight(tables);
    }
  });

  it("survives a crash at each of its writes", async () => {
    for (let atWrite = 1; ; atWrite++) {
      const world = await filled(5, seededRandom(atWrite));
      const first = await open(world);
      await first.buildIndex(WORD);
      await first.close();
      const engine = crashingTables(new MemoryTables(world.store, world.clock), world.store, {
        atWrite,
        takes: (index) => index % 2 === 0,
      });
      const dropping = async (): Promise<void> => {
        const tables = await openIndexed(world.store, world.clock, {
          declared: [DECLARED],
          engine: engine.tables,
        });
        await tables.dropIndex(WORD, SMALL);
      };
      const isCrashed = (await outcome(dropping())) !== "done";
      const tables = await open(world);
      const { phase } = tables.indexStatus()[0]!;
      if (phase !== "readable")
        equal(await outcome(tables.queryIndex(wholeIndex(DECLARED, "word", P))), "index-not-ready");
      await tables.dropIndex(WORD, SMALL);
      equal(await entriesOf(tables, 1), 0);
      await tables.buildIndex(WORD, SMALL);
      await checkRight(tables);
      if (!isCrashed) {
        ok(atWrite > 5);
        return;
      }
    }
  });

  it("ends a build or a verification that is under way", async () => {
    const tables = await open(await filled(10, seededRandom(4)));
    const drops: Promise<void>[] = [];
    const dropAt = (at: number) => ({
      ...SMALL,
      onProgress: ({ done }: { readonly done: number }) => {
        if (done === at) drops.push(tables.dropIndex(WORD));
      },
    });
    const built = await outcome(tables.buildIndex(WORD, dropAt(9)));
    await Promise.all(drops);
    const entries = await entriesOf(tables, 1);
    await tables.buildIndex(WORD);
    const verified = await outcome(tables.verifyIndex(WORD, dropAt(9)));
    await Promise.all(drops);
    deepEqual(
      [built, entries, verified, await entriesOf(tables, 2)],
      ["index-dropped", 0, "index-dropped", 0],
    );
  });
});

describe("an index that is no longer declared", () => {
  it("is ended by the first write to its table, and built anew when it is declared again", async () => {
    const world = await filled(4, seededRandom(5));
    const first = await open(world);
    await first.buildIndex(WORD);
    await first.close();
    const reader = await open(world, []);
    await reader.find(NOTES, P, [1]);
    await reader.close();
    const second = await open(world);
    const unharmed = second.indexStatus()[0]?.phase;
    await second.close();
    const writer = await open(world, [NOTES]);
    await writer.write([batch(P, put([1], "d"))], DURABLE);
    await writer.close();
    const third = await open(world);
    const ended = third.indexStatus()[0]?.phase;
    await third.completeIndexes(SMALL);
    await checkRight(third);
    deepEqual([unharmed, ended, await entriesOf(third, 1)], ["readable", "dropped", 0]);
  });

  it("leaves no entries of an expiring table that nobody declares either", async () => {
    const [clock, store] = [new ManualClock(), new MemoryTableStore()];
    const typing: TableSpec = { ...TYPING, indexes: [BY_WORD] };
    const first = await openIndexed(store, clock, { declared: [typing] });
    const write: Write = {
      kind: "put",
      table: TYPING,
      sort: [1],
      value: bytes("a"),
      expiresAtMs: clock.nowMs() + 9,
    };
    await first.write([batch(P, write)], DURABLE);
    await first.close();
    const second = await openIndexed(store, clock, { declared: [] });
    await second.write([batch(P, { ...write, value: bytes("b") })], DURABLE);
    await second.completeIndexes();
    deepEqual(await allRows(second, { name: "typing-by-word-1", hasExpiry: true }), []);
  });

  it("leaves no entries when what is dropped is removed", async () => {
    const world = await filled(4, seededRandom(6));
    const first = await open(world);
    await first.buildIndex(WORD);
    await first.close();
    const second = await open(world, []);
    await second.write([batch(P, put([1], "d"))], DURABLE);
    await second.completeIndexes(SMALL);
    await second.close();
    const third = await open(world, []);
    equal(await entriesOf(third, 1), 0);
    await third.completeIndexes(SMALL);
  });
});

describe("verifying an index", () => {
  it("counts what is missing, over and different, and names some of it", async () => {
    const clock = new ManualClock();
    const store = new MemoryTableStore();
    const tables = await open({ store, clock });
    await tables.write([batch(P, put([1], "a b"), put([2], "c"), put([3], "d"))], DURABLE);
    const table: TableSpec = { name: "notes-by-word-1" };
    // As if something had been written behind the tables' back.
    await new MemoryTables(store, clock).write(
      [
        batch(
          P,
          { kind: "delete", table, sort: ["b", 1] },
          { kind: "put", table, sort: ["c", 2], value: bytes("x") },
          { kind: "put", table, sort: ["d", 4], value: bytes("d") },
          { kind: "put", table, sort: ["e", 3], value: bytes("d") },
        ),
      ],
      DURABLE,
    );
    deepEqual(await tables.verifyIndex(WORD), {
      rows: 3,
      entries: 5,
      missing: 1,
      extra: 2,
      different: 1,
      examples: [
        { what: "missing", partition: P, place: ["b", 1] },
        { what: "different", partition: P, place: ["c", 2] },
        { what: "extra", partition: P, place: ["d", 4] },
        { what: "extra", partition: P, place: ["e", 3] },
      ],
    });
  });

  it("is right while writes go on", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const world = await filled(6, random);
      const engine = slowTables(new MemoryTables(world.store, world.clock), () => random.unit());
      const tables = await openIndexed(world.store, world.clock, { declared: [DECLARED], engine });
      await tables.buildIndex(WORD);
      const state = { isVerifying: true };
      const verifying = tables.verifyIndex(WORD, SMALL).finally(() => {
        state.isVerifying = false;
      });
      while (state.isVerifying) await tables.write([randomBatch(random)], DURABLE);
      const { missing, extra, different } = await verifying;
      deepEqual([missing, extra, different], [0, 0, 0], `seed ${seed}`);
    }
  });

  it("at the end of a build keeps an index that is not right from being read", async () => {
    const world = await filled(3, seededRandom(8));
    let calls = 0;
    // Not a pure function, which is a defect of the definition.
    const impure: TableSpec = {
      ...NOTES,
      indexes: [{ ...BY_WORD, entriesOf: () => [{ key: [`${(calls += 1)}`] }] }],
    };
    const tables = await open(world, [impure]);
    equal(await outcome(tables.buildIndex(WORD)), "index-damaged");
    equal(await outcome(tables.queryIndex(wholeIndex(impure, "word", P))), "index-not-ready");
  });
});

describe("the state of an index", () => {
  it("that is none is reported, never taken for another", async () => {
    const clock = new ManualClock();
    const whole = {
      format: 1,
      version: 1,
      generation: 1,
      phase: "readable",
      rowsDone: 0,
      removing: [],
      stored: {},
    };
    const damagedFields = [
      { format: 2 },
      { version: -1 },
      { generation: "1" },
      { phase: "ready" },
      { rowsDone: 0.5 },
      { removing: [null] },
      { removing: 1 },
      { stored: null },
      { stored: { keyOwner: "nobody" } },
      { stored: { hasExpiry: 1 } },
      { cursor: { partition: ["p"] } },
      { cursor: { partition: [{}], sort: [1] } },
    ].map((field) => JSON.stringify({ ...whole, ...field }));
    const damaged = [...damagedFields, "", "{", "[]", "null"];
    for (const value of damaged) {
      const store = new MemoryTableStore();
      const write: Write = {
        kind: "put",
        table: INDEX_STATE,
        sort: ["word"],
        value: bytes(value),
      };
      await new MemoryTables(store, clock).write([{ partition: ["notes"], writes: [write] }], DURABLE);
      for (const declared of [[DECLARED], []]) {
        await rejects(open({ store, clock }, declared), (error) => failureCode(error) === "tables-corrupt");
      }
    }
  });
});

async function runBuild(world: World, engine: Tables): Promise<void> {
  const tables = await openIndexed(world.store, world.clock, { declared: [DECLARED], engine });
  await tables.buildIndex(WORD, SMALL);
}
