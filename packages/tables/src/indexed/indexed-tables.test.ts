import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { type Failure, failureCode } from "@parley/base";
import * as fc from "fast-check";
import { encodePartition, encodeTuple } from "../key-encoding.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { batch, bytes, contents, DURABLE, P, put, remove, text } from "../testing/conformance-support.js";
import { tableConformance } from "../testing/conformance.js";
import {
  allRows,
  BY_WORD,
  expectedMatches,
  INDEXED_NOTES,
  INDEXED_TYPING,
  openIndexed,
  plainMatches,
  promptScheduler,
  wholeIndex,
} from "../testing/index-model.js";
import { overTables } from "../testing/over-tables.js";
import { ManualClock } from "../testing/manual-time.js";
import { arbitraryBatch, NOTES } from "../testing/table-model.js";
import type { Batch, Condition, Tables, TableSpec, Write } from "../tables.js";
import { openIndexedTables } from "./indexed-tables.js";

tableConformance("indexed tables over memory", async (clock) => {
  const store = new MemoryTableStore();
  const open = (): Promise<Tables> =>
    openIndexedTables({
      tables: new MemoryTables(store, clock),
      declared: [INDEXED_NOTES, INDEXED_TYPING],
      clock,
      scheduler: promptScheduler,
    });
  let tables = await open();
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = await open();
      return tables;
    },
    async crash() {
      store.crash();
      tables = await open();
      return tables;
    },
    remove: () => tables.close(),
  };
});

describe("a condition", () => {
  const ROW: Condition = { kind: "exists", table: NOTES, sort: [1] };
  const conditions: readonly (readonly [Condition, string | undefined, boolean])[] = [
    [ROW, "v", true],
    [ROW, undefined, false],
    [{ ...ROW, kind: "absent" }, undefined, true],
    [{ ...ROW, kind: "absent" }, "v", false],
    [{ ...ROW, kind: "equals", value: bytes("v") }, "v", true],
    [{ ...ROW, kind: "equals", value: bytes("v") }, "w", false],
    [{ ...ROW, kind: "equals", value: bytes("") }, undefined, false],
    [{ ...ROW, kind: "holds", name: "is short", test: (value) => value?.length === 1 }, "v", true],
    [{ ...ROW, kind: "holds", name: "is short", test: (value) => value?.length === 1 }, undefined, false],
  ];

  it("lets a batch through when it is met, and else nothing of it", async () => {
    for (const [condition, value, isMet] of conditions) {
      const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
      if (value !== undefined) await tables.write([batch(P, put([1], value))], DURABLE);
      const writes = [put([1], "new"), put([2], "with it")];
      const end = await outcome(tables.write([{ ...batch(P, ...writes), conditions: [condition] }], DURABLE));
      const before = value === undefined ? [] : [`1:${value}`];
      deepEqual(
        [end, await contents(tables, { table: NOTES, partition: P, limit: 9 })],
        isMet ? ["done", ["1:new", "2:with it"]] : ["condition-failed", before],
        `${condition.kind} on ${value}`,
      );
    }
  });

  it("that fails is named, and the other batches of the call are written", async () => {
    const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
    const failing: Condition = { ...ROW, kind: "holds", name: "is the owner", test: () => false };
    const writing = tables.write(
      [
        batch(["a"], put([1], "one")),
        { ...batch(P, put([1], "no")), conditions: [failing] },
        batch(["b"], put([1], "two")),
      ],
      DURABLE,
    );
    const failure = await writing.catch((error: unknown) => error);
    deepEqual(
      [failureCode(failure), (failure as Failure).details],
      ["condition-failed", { table: "notes", condition: "is the owner" }],
    );
    const found = [["a"], P, ["b"]].map(async (partition) => text(await tables.find(NOTES, partition, [1])));
    deepEqual(await Promise.all(found), ["one", undefined, "two"]);
  });

  it("sees what was written before it in the same call, and what waits with it", async () => {
    const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
    const claim = (value: string): Batch => ({
      ...batch(P, put([1], value)),
      conditions: [{ ...ROW, kind: "absent" }],
    });
    const ends = await Promise.all(
      ["a", "b", "c"].map((value) => outcome(tables.write([claim(value)], DURABLE))),
    );
    const inOneCall = await outcome(
      tables.write([batch(P, remove([1])), claim("d"), batch(P, remove([1])), claim("e")], DURABLE),
    );
    deepEqual(
      [ends, inOneCall, text(await tables.find(NOTES, P, [1]))],
      [["done", "condition-failed", "condition-failed"], "done", "e"],
    );
  });

  it("looks at what was written by writes that passed it by", async () => {
    const [store, clock] = [new MemoryTableStore(), new ManualClock()];
    const memory = new MemoryTables(store, clock);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const engine = overTables(memory, {
      write: async (...args) => {
        await gate;
        await memory.write(...args);
      },
    });
    const tables = await openIndexed(store, clock, { engine, declared: [] });
    const OTHER: TableSpec = { name: "other" };
    const plain: Batch = {
      partition: P,
      writes: [{ kind: "put", table: OTHER, sort: [1], value: bytes("there") }],
    };
    const passing = tables.write([plain], DURABLE);
    const conditional = tables.write(
      [{ ...plain, conditions: [{ kind: "absent", table: OTHER, sort: [1] }] }],
      DURABLE,
    );
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    open();
    deepEqual([await outcome(passing), await outcome(conditional)], ["done", "condition-failed"]);
  });
});

describe("a local index", () => {
  it("finds what its entries say after every step, however rows are written", async () => {
    const clock = new ManualClock();
    const step = fc.record({
      batches: fc.array(arbitraryWordsBatch(clock.nowMs()), { minLength: 1, maxLength: 3 }),
      advanceMs: fc.constantFrom(0, 0, 0, 2, 6),
      isReopened: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const ownClock = new ManualClock();
        const store = new MemoryTableStore();
        let tables = await openIndexed(store, ownClock);
        for (const { batches, advanceMs, isReopened } of steps) {
          // Half of them in one call, the others waiting together.
          const [first, ...others] = batches;
          await Promise.all([
            tables.write([first!], DURABLE),
            ...(others.length === 0 ? [] : [tables.write(others, DURABLE)]),
          ]);
          ownClock.advance(advanceMs);
          if (isReopened) {
            await tables.close();
            tables = await openIndexed(store, ownClock);
          }
          await checkIndexes(tables);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is ranged over both ways, between bounds, in pages", async () => {
    const words = fc.array(fc.constantFrom("a", "b", "ba", "c", "\u00ff"), { maxLength: 3 });
    const query = fc.record(
      {
        from: fc.oneof(
          fc.tuple(fc.constantFrom("", "a", "b")),
          fc.tuple(fc.constantFrom("a", "b"), fc.nat(6)),
        ),
        before: fc.oneof(fc.tuple(fc.constantFrom("b", "c")), fc.tuple(fc.constantFrom("b", "c"), fc.nat(6))),
        isDescending: fc.boolean(),
        limit: fc.integer({ min: 1, max: 5 }),
      },
      { requiredKeys: ["limit"] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 7 }), query, async (notes, range) => {
        const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
        const writes = notes.map((note, number) => put([number], note.join(" ")));
        await tables.write([batch(P, ...writes), batch(["q"], put([1], "a b c"))], DURABLE);
        const rows = await tables.range({ table: NOTES, partition: P, limit: 100 });
        const asked = { table: INDEXED_NOTES, index: "word", partition: P, ...range };
        deepEqual(plainMatches(await tables.queryIndex(asked)), plainMatches(expectedMatches(rows, asked)));
      }),
      { numRuns: 200 },
    );
  });

  it("that is not declared is refused by its name", async () => {
    const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
    const asked = [
      tables.queryIndex(wholeIndex(INDEXED_NOTES, "colour", P)),
      tables.buildIndex({ table: "notes", index: "colour" }),
      tables.dropIndex({ table: "mail", index: "word" }),
    ];
    deepEqual(await Promise.all(asked.map(outcome)), ["index-unknown", "index-unknown", "index-unknown"]);
  });

  it("costs no look at the tables for rows that are new, and one for all others of a group", async () => {
    const store = new MemoryTableStore();
    const clock = new ManualClock();
    const engine = new MemoryTables(store, clock);
    const looks: number[] = [];
    const counting = overTables(engine, {
      findMany: (table, keys) => {
        looks.push(keys.length);
        return engine.findMany(table, keys);
      },
    });
    const tables = await openIndexed(store, clock, { engine: counting });
    const fresh: Write = { kind: "put", table: NOTES, sort: [1], value: bytes("a b"), isNew: true };
    await tables.write([batch(P, fresh)], DURABLE);
    const afterNew = looks.length;
    await Promise.all([1, 2, 3].map((sort) => tables.write([batch(P, put([sort], "c d"))], DURABLE)));
    deepEqual([afterNew, looks], [0, [3]]);
  });

  it("lies in these bytes for ever", async () => {
    const tables = await openIndexed(new MemoryTableStore(), new ManualClock());
    await tables.write([batch(P, put([7], "tea"))], DURABLE);
    const [entry] = await allRows(tables, { name: "notes-by-word-1" });
    const key = encodePartition({ name: "notes-by-word-1" }, entry!.partition) + encodeTuple(entry!.sort);
    // As in docs/subsystems/tables.md.
    const golden = ["6e6f7465732d62792d776f72642d3100", "027000", "01", "0274656100", "1107"].join("");
    deepEqual([Buffer.from(key, "latin1").toString("hex"), text(entry!.value)], [golden, "t"]);
  });

  it("leaves entries alone that a change of the row does not touch", async () => {
    const store = new MemoryTableStore();
    const clock = new ManualClock();
    const engine = new MemoryTables(store, clock);
    const written: string[] = [];
    const watching = overTables(engine, {
      write: (batches, options) => {
        for (const { writes } of batches) {
          for (const { kind, table, sort } of writes) written.push(`${kind} ${table.name} ${sort.join(",")}`);
        }
        return engine.write(batches, options);
      },
    });
    const tables = await openIndexed(store, clock, {
      engine: watching,
      declared: [{ ...NOTES, indexes: [BY_WORD] }],
    });
    await tables.write([batch(P, put([1], "ax b c"))], DURABLE);
    written.length = 0;
    await tables.write([batch(P, put([1], "ax b d"))], DURABLE);
    deepEqual(written, ["put notes 1", "delete notes-by-word-1 c,1", "put notes-by-word-1 d,1"]);
  });
});

async function checkIndexes(tables: Awaited<ReturnType<typeof openIndexed>>): Promise<void> {
  for (const table of [INDEXED_NOTES, INDEXED_TYPING]) {
    const rows = await allRows(tables, table);
    for (const { name } of table.indexes!) {
      for (const partition of [["p"], ["p", ""], ["p\u0000"], ["p", 1]]) {
        const own = rows.filter((row) => JSON.stringify(row.partition) === JSON.stringify(partition));
        const query = wholeIndex(table, name, partition);
        deepEqual(plainMatches(await tables.queryIndex(query)), plainMatches(expectedMatches(own, query)));
      }
      const { missing, extra, different } = await tables.verifyIndex({ table: table.name, index: name });
      deepEqual([missing, extra, different], [0, 0, 0]);
    }
  }
}

/** Batches whose values have few words, so that entries come, stay and go. */
function arbitraryWordsBatch(nowMs: number): fc.Arbitrary<Batch> {
  const words = fc
    .array(fc.constantFrom("a", "b", "c"), { maxLength: 3 })
    .map((list) => bytes(list.join(" ")));
  return fc
    .tuple(arbitraryBatch(nowMs), fc.array(words, { minLength: 6, maxLength: 6 }))
    .map(([{ partition, writes }, values]) => ({
      partition,
      writes: writes.map((write, index) =>
        write.kind === "put" ? { ...write, value: values[index]! } : write,
      ),
    }));
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "done";
  } catch (error) {
    return failureCode(error) ?? String(error);
  }
}
