/**
 * Goal: what is staged is found through an index at once, whatever is flushed while a query waits.
 *
 * Method: random batches are staged, flushed or being flushed in any order over an engine that takes its time; each query
 * is compared with what the rows say that are readable in that moment. Nothing else is written while it runs.
 */
import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { AssertionFailure, failureCode } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import * as fc from "fast-check";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { batch, bytes, DURABLE, P, put, remove, text } from "../testing/conformance-support.js";
import { slowTables } from "../testing/crashing-tables.js";
import {
  expectedMatches,
  INDEXED_NOTES,
  INDEXED_TYPING,
  openIndexed,
  plainMatches,
  wholeIndex,
} from "../testing/index-model.js";
import { ManualClock, ManualScheduler } from "../testing/manual-time.js";
import { NOTES, TYPING } from "../testing/table-model.js";
import type { Write } from "../tables.js";
import { WriteBackTables } from "../write-back.js";
import type { IndexedTables } from "./indexed-tables.js";

interface World {
  readonly clock: ManualClock;
  readonly engine: IndexedTables;
  readonly tables: WriteBackTables;
}

async function world(unit: () => number = () => 0): Promise<World> {
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  const engine = await openIndexed(store, clock, {
    engine: slowTables(new MemoryTables(store, clock), unit),
  });
  const scheduler = new ManualScheduler();
  const tables = new WriteBackTables({
    tables: engine,
    indexes: engine,
    clock,
    scheduler,
    onFailure: () => {},
  });
  return { clock, engine, tables };
}

const number = fc.nat({ max: 8 });
const note = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }).map((words) => words.join(" "));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("put" as const), number, note }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("expiring" as const), number, note }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const), isAwaited: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("advance" as const) }) },
  // Lets a flush begin, so that what follows is staged beside a generation that is being written.
  { weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("query" as const),
      limit: fc.integer({ min: 1, max: 6 }),
      isDescending: fc.boolean(),
      bounds: fc.record(
        { from: fc.tuple(fc.constantFrom("a", "b")), before: fc.tuple(fc.constantFrom("b", "c"), number) },
        { requiredKeys: [] },
      ),
    }),
  },
);

describe("an index over staged rows", () => {
  it("finds what the rows say, staged, being flushed or stored", async () => {
    const holds = fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 30 }), async (seed, steps) => {
      const random = seededRandom(seed);
      const { clock, tables } = await world(() => random.unit());
      for (const next of steps) {
        const typing = (value: string): Write => ({
          kind: "put",
          table: TYPING,
          sort: [1],
          value: bytes(value),
          expiresAtMs: clock.nowMs() + 2,
        });
        if (next.do === "put") tables.stage(batch(P, put([next.number], next.note)));
        if (next.do === "expiring") tables.stage(batch(P, typing(next.note)));
        if (next.do === "delete") tables.stage(batch(P, remove([next.number])));
        if (next.do === "advance") clock.advance(1);
        if (next.do === "turn") {
          await new Promise<void>((resolve) => {
            setImmediate(resolve);
          });
        }
        if (next.do === "flush") {
          const flushing = tables.flush();
          if (next.isAwaited) await flushing;
        }
        if (next.do !== "query") continue;
        const { limit, isDescending, bounds } = next;
        const query = { table: INDEXED_NOTES, index: "word", partition: P, limit, isDescending, ...bounds };
        const [rows, found] = await Promise.all([
          tables.range({ table: NOTES, partition: P, limit: 100 }),
          tables.queryIndex(query),
        ]);
        deepEqual(plainMatches(found), plainMatches(expectedMatches(rows, query)));
        const lengths = wholeIndex(INDEXED_TYPING, "even-length", P);
        const typingRows = await tables.range({ table: TYPING, partition: P, limit: 100 });
        deepEqual(
          plainMatches(await tables.queryIndex(lengths)),
          plainMatches(expectedMatches(typingRows, lengths)),
        );
      }
      await tables.flush();
    });
    await fc.assert(holds, { numRuns: 300 });
  });

  it("reads on when the rows that it found first are all staged with other entries", async () => {
    const { tables } = await world();
    const writes = Array.from({ length: 50 }, (_, index) => put([index], "a"));
    await tables.write([batch(P, ...writes)], DURABLE);
    // The first and the last 20 have left.
    for (let index = 0; index < 20; index++) {
      tables.stage(batch(P, put([index], "z"), remove([49 - index])));
    }
    const query = { ...wholeIndex(INDEXED_NOTES, "word", P), limit: 3 };
    const [up, down] = await Promise.all([
      tables.queryIndex(query),
      tables.queryIndex({ ...query, before: ["b"], isDescending: true }),
    ]);
    deepEqual(
      [up, down].map((matches) => matches.map(({ sort }) => sort[0])),
      [
        [20, 21, 22],
        [29, 28, 27],
      ],
    );
  });

  it("that is not ready is refused, or done without when few rows are there", async () => {
    const clock = new ManualClock();
    const store = new MemoryTableStore();
    await new MemoryTables(store, clock).write([batch(P, put([1], "a"), put([2], "b a"))], DURABLE);
    const engine = await openIndexed(store, clock);
    const scheduler = new ManualScheduler();
    const tables = new WriteBackTables({
      tables: engine,
      indexes: engine,
      clock,
      scheduler,
      onFailure: () => {},
    });
    tables.stage(batch(P, put([3], "a"), remove([1])));
    const query = { ...wholeIndex(INDEXED_NOTES, "word", P), before: ["b"] };
    const ends = [undefined, 1, 2].map(async (scanRowsMax) => {
      try {
        const found = await tables.queryIndex(scanRowsMax === undefined ? query : { ...query, scanRowsMax });
        return found.map(({ sort }) => sort[0]);
      } catch (error) {
        return failureCode(error);
      }
    });
    deepEqual(await Promise.all(ends), ["index-not-ready", "index-not-ready", [2, 3]]);
    const direct = await engine.queryIndex({ ...query, scanRowsMax: 2 });
    deepEqual(
      direct.map(({ sort }) => sort[0]),
      [1, 2],
    );
  });
});

describe("a condition over staged rows", () => {
  it("is met by what is staged before it, and by what is stored when nothing is staged", async () => {
    const { tables } = await world(() => 0.5);
    await tables.write([batch(P, put([1], "stored"))], DURABLE);
    tables.stage(batch(P, put([2], "staged"), remove([1])));
    const claim = (sort: number, kind: "absent" | "exists") =>
      tables
        .write(
          [{ ...batch(P, put([sort], "new")), conditions: [{ kind, table: NOTES, sort: [sort] }] }],
          DURABLE,
        )
        .then(
          () => "done",
          (error: unknown) => failureCode(error),
        );
    const ends = [await claim(1, "exists"), await claim(2, "absent"), await claim(3, "absent")];
    const rows = await tables.range({ table: NOTES, partition: P, limit: 9 });
    deepEqual(
      [ends, rows.map(({ sort, value }) => [sort[0], text(value)])],
      [
        ["condition-failed", "condition-failed", "done"],
        [
          [2, "staged"],
          [3, "new"],
        ],
      ],
    );
  });

  it("is met once, however many claim at a time while it is flushed", async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 50; round++) {
      const { tables } = await world(() => random.unit());
      const claims = Array.from({ length: 5 }, async (_, index) => {
        const claim = batch(P, put([1], String(index)));
        try {
          await tables.write(
            [{ ...claim, conditions: [{ kind: "absent", table: NOTES, sort: [1] }] }],
            DURABLE,
          );
          return "done";
        } catch (error) {
          return failureCode(error);
        }
      });
      const ends = await Promise.all(claims);
      deepEqual(ends.filter((end) => end === "done").length, 1);
      deepEqual(ends.filter((end) => end === "condition-failed").length, 4);
    }
  });

  it("is refused by `stage`, which cannot look", async () => {
    const { tables } = await world();
    await rejects(
      async () =>
        tables.stage({
          ...batch(P, put([1], "v")),
          conditions: [{ kind: "absent", table: NOTES, sort: [1] }],
        }),
      AssertionFailure,
    );
  });
});
