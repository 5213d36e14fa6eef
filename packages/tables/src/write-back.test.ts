import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Failure, failureCode } from "@parley/base";
import * as fc from "fast-check";

import { MemoryTables, MemoryTableStore } from "./memory-tables.js";
import { batch, bytes, plain, put, remove, text } from "./testing/conformance-support.js";
import { tableConformance } from "./testing/conformance.js";
import { ManualClock, ManualScheduler } from "./testing/manual-time.js";
import { arbitraryBatch, arbitraryRange, NOTES, TableModel, TYPING } from "./testing/table-model.js";
import type { Batch, Key, Row, Tables } from "./tables.js";
import { WriteBackTables, type WriteBackOptions } from "./write-back.js";

tableConformance("write-back over memory", async (clock) => {
  const store = new MemoryTableStore();
  const open = (): { tables: Tables; close: () => Promise<void> } => {
    const engine = new MemoryTables(store, clock);
    const tables = new WriteBackTables({
      tables: engine,
      clock,
      scheduler: new ManualScheduler(),
      onFailure: () => {},
    });
    const close = async (): Promise<void> => {
      await tables.close();
      await engine.close();
    };
    return { tables, close };
  };
  let current = open();
  return {
    tables: current.tables,
    async reopen() {
      await current.close();
      current = open();
      return current.tables;
    },
    async crash() {
      store.crash();
      current = open();
      return current.tables;
    },
    remove: () => current.close(),
  };
});

describe("write-back", () => {
  it("shows staged rows at once and keeps them from the engine until the flush", async () => {
    const { engine, tables } = setUp();
    tables.stage(batch(["p"], put([1], "a"), remove([2])));
    const peeked = [peek(tables, [1]), peek(tables, [2]), peek(tables, [3])];
    const before = await engine.find(NOTES, ["p"], [1]);
    await tables.flush();
    const after = [text(await engine.find(NOTES, ["p"], [1])), peek(tables, [1])];
    assert.deepEqual([peeked, before, after], [["a", null, undefined], undefined, ["a", undefined]]);
  });

  it("peeks at an expired row as at a deleted one", async () => {
    const { clock, tables } = setUp();
    const expiresAtMs = clock.nowMs() + 5;
    tables.stage(batch(["p"], { kind: "put", table: TYPING, sort: [1], value: bytes("x"), expiresAtMs }));
    clock.advance(5);
    assert.equal(tables.peek(TYPING, ["p"], [1]), null);
  });

  it("writes a generation as one batch a partition, with the last write to each row", async () => {
    const { engine, tables } = setUp();
    tables.stage(batch(["p"], put([1], "a"), put([2], "b")));
    tables.stage(batch(["q"], put([1], "c")));
    tables.stage(batch(["p"], put([1], "d"), remove([2])));
    await tables.flush();
    const written = engine.writes.map((batches) =>
      batches.map(({ partition, writes }) => [partition, writes.length]),
    );
    assert.deepEqual(written, [
      [
        [["p"], 2],
        [["q"], 1],
      ],
    ]);
  });

  it("serves the generation that is being written, and newer rows above it", async () => {
    const { engine, tables } = setUp();
    await engine.write([batch(["p"], put([1], "old"), put([2], "old"), put([3], "old"))], {
      isDurable: true,
    });
    engine.hold();
    tables.stage(batch(["p"], put([1], "frozen"), put([2], "frozen")));
    const flushed = tables.flush();
    await engine.held();
    tables.stage(batch(["p"], put([2], "current")));
    const during = [peek(tables, [1]), peek(tables, [2]), ...(await values(tables))];
    engine.letGo();
    await flushed;
    assert.deepEqual(
      [during, await values(tables)],
      [
        ["frozen", "current", "frozen", "current", "old"],
        ["frozen", "current", "old"],
      ],
    );
  });

  it("gives a range that waits for the engine what is staged and flushed meanwhile", async () => {
    const { engine, tables } = setUp();
    tables.stage(batch(["p"], put([1], "a"), put([2], "a")));
    engine.holdReads();
    const reading = values(tables);
    await tables.flush();
    tables.stage(batch(["p"], put([1], "b"), put([2], "b")));
    await tables.flush();
    tables.stage(batch(["p"], put([3], "c")));
    engine.letReadsGo();
    assert.deepEqual(await reading, ["b", "b", "c"]);
  });

  it("waits for what was emitted before it writes", async () => {
    const order: string[] = [];
    const { engine, tables } = setUp({ beforeFlush: async () => void order.push("emitted") });
    engine.onWrite = () => order.push("written");
    tables.stage(batch(["p"], put([1], "a")));
    await tables.flush();
    assert.deepEqual(order, ["emitted", "written"]);
  });

  it("lets concurrent flushes share one write, and those that come during it the next", async () => {
    const { engine, tables } = setUp();
    engine.hold();
    const first = [1, 2, 3].map((sort) =>
      tables.write([batch(["p"], put([sort], "v"))], { isDurable: true }),
    );
    await engine.held();
    const second = [4, 5].map((sort) => tables.write([batch(["p"], put([sort], "v"))], { isDurable: true }));
    engine.letGo();
    await Promise.all([...first, ...second]);
    assert.deepEqual(
      engine.writes.map((batches) => batches[0]!.writes.length),
      [3, 2],
    );
  });

  it("flushes by itself after the interval, and at once when a generation is large", async () => {
    const { engine, scheduler, tables } = setUp({ dirtyBytesMax: 4000 });
    tables.stage(batch(["p"], put([1], "a")));
    tables.stage(batch(["p"], put([2], "a")));
    const timers = scheduler.timers;
    scheduler.fire();
    await tables.flush();
    tables.stage(batch(["p"], put([3], "x".repeat(1000))));
    await engine.written(2);
    assert.deepEqual([timers, scheduler.timers, engine.writes.length], [1, 0, 2]);
  });

  it("is overloaded beyond its limit and has room again after the flush", async () => {
    const { engine, tables } = setUp({ dirtyBytesMax: 1000 });
    engine.hold();
    tables.stage(batch(["p"], put([1], "x".repeat(1000))));
    const overloaded = tables.isOverloaded;
    const room = tables.waitForRoom();
    engine.letGo();
    await room;
    assert.deepEqual([overloaded, tables.isOverloaded, tables.dirtyBytes], [true, false, 0]);
  });

  it("refuses everything after a failed flush, and says so once", async () => {
    const failures: Failure[] = [];
    const { engine, tables } = setUp({ onFailure: (failure) => failures.push(failure) });
    engine.onWrite = () => {
      throw new Failure("tables-full", "no space");
    };
    tables.stage(batch(["p"], put([1], "a")));
    const calls = [tables.flush(), tables.flush()];
    await Promise.allSettled(calls);
    calls.push(tables.flush(), tables.waitForRoom());
    const reads = [
      tables.find(NOTES, ["p"], [1]),
      tables.range({ table: NOTES, partition: ["p"], limit: 1 }),
    ];
    const ends = await Promise.allSettled([...calls, ...reads]);
    assert.throws(
      () => tables.stage(batch(["p"], put([2], "a"))),
      (error) => failureCode(error) === "tables-failed",
    );
    await tables.close();
    assert.deepEqual(
      ends.map((end) => end.status === "rejected" && failureCode(end.reason)),
      ends.map(() => "tables-failed"),
    );
    assert.deepEqual(
      failures.map((failure) => failureCode(failure.cause)),
      ["tables-full"],
    );
  });

  it("fails in the same way when what was emitted cannot be made durable", async () => {
    const { engine, tables } = setUp({
      beforeFlush: () => Promise.reject(new Error("log is gone")),
    });
    tables.stage(batch(["p"], put([1], "a")));
    await assert.rejects(tables.flush(), (error) => failureCode(error) === "tables-failed");
    assert.equal(engine.writes.length, 0);
  });

  it("closes after a last flush and leaves the engine open", async () => {
    const { engine, tables } = setUp();
    tables.stage(batch(["p"], put([1], "a")));
    await tables.close();
    assert.equal(text(await engine.find(NOTES, ["p"], [1])), "a");
    assert.throws(
      () => tables.stage(batch(["p"], put([1], "b"))),
      (error) => failureCode(error) === "tables-closed",
    );
  });

  it("gives ranges as a naive model does, whatever lies in which generation", async () => {
    const now = new ManualClock().nowMs();
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("stage" as const), batch: arbitraryBatch(now) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("range" as const), query: arbitraryRange }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom("freeze" as const, "flush" as const, "advance" as const),
        }),
      },
    );
    const holds = fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const { clock, engine, tables } = setUp();
      const model = new TableModel();
      const flushes: Promise<void>[] = [];
      for (const next of steps) {
        if (next.do === "stage") {
          tables.stage(next.batch);
          model.write(next.batch);
        } else if (next.do === "range") {
          assert.deepEqual(
            plain(await tables.range(next.query)),
            plain(model.range(next.query, clock.nowMs())),
          );
        } else if (next.do === "advance") clock.advance(2);
        else if (next.do === "freeze") {
          engine.hold();
          flushes.push(tables.flush());
          await Promise.resolve();
        } else {
          engine.letGo();
          await Promise.all(flushes);
        }
      }
      engine.letGo();
      await Promise.all(flushes);
    });
    await fc.assert(holds, { numRuns: 300 });
  });
});

/** An engine whose writes and ranges can be held back, and that remembers what it was given. */
class GatedTables extends MemoryTables {
  readonly writes: (readonly Batch[])[] = [];
  onWrite: () => void = () => {};
  #writeGate = gate();
  #readGate = gate();
  readonly #arrivals: { count: number; resolve: () => void }[] = [];

  hold(): void {
    if (!this.#writeGate.isClosed) this.#writeGate = gate(true);
  }

  letGo(): void {
    this.#writeGate.open();
  }

  holdReads(): void {
    this.#readGate = gate(true);
  }

  letReadsGo(): void {
    this.#readGate.open();
  }

  /** Resolves when a write stands before the gate. */
  held(): Promise<void> {
    return this.written(this.writes.length + 1);
  }

  /** Resolves when this many writes have arrived. */
  written(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#arrivals.push({ count, resolve });
      this.#announce();
    });
  }

  override async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    this.writes.push(batches);
    this.onWrite();
    this.#announce();
    await this.#writeGate.passed;
    await super.write(batches, options);
  }

  override async range(query: Parameters<MemoryTables["range"]>[0]): Promise<readonly Row[]> {
    await this.#readGate.passed;
    return super.range(query);
  }

  #announce(): void {
    for (const { count, resolve } of this.#arrivals) if (this.writes.length >= count) resolve();
  }
}

function gate(isClosed = false): { isClosed: boolean; passed: Promise<void>; open: () => void } {
  let resolvePassed = (): void => {};
  const passed = isClosed ? new Promise<void>((resolve) => (resolvePassed = resolve)) : Promise.resolve();
  const made = {
    isClosed,
    passed,
    open: () => {
      made.isClosed = false;
      resolvePassed();
    },
  };
  return made;
}

function setUp(options: Partial<WriteBackOptions> = {}): {
  clock: ManualClock;
  scheduler: ManualScheduler;
  engine: GatedTables;
  tables: WriteBackTables;
} {
  const clock = new ManualClock();
  const scheduler = new ManualScheduler();
  const engine = new GatedTables(new MemoryTableStore(), clock);
  const tables = new WriteBackTables({ tables: engine, clock, scheduler, onFailure: () => {}, ...options });
  return { clock, scheduler, engine, tables };
}

function peek(tables: WriteBackTables, sort: Key): string | null | undefined {
  const value = tables.peek(NOTES, ["p"], sort);
  return value === null ? null : text(value);
}

async function values(tables: Tables): Promise<(string | undefined)[]> {
  return (await tables.range({ table: NOTES, partition: ["p"], limit: 100 })).map((row) => text(row.value));
}
