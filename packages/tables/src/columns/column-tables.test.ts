/**
 * Goal: rows of columns behave as a map of maps does, over every layer that may be below.
 *
 * Method: random batches, with and without conditions, single and many reads and ranges, each compared with a naive model; then
 * what a model cannot show: concurrency, limits, damage, and what reaches the tables below.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import { RecordingLogger } from "@parley/base/testing";
import * as fc from "fast-check";
import { BlockTables } from "../blocks/block-tables.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import {
  arbitraryColumnBatch,
  arbitraryColumnQuery,
  BRIEF,
  COLUMN_TABLES,
  ColumnModel,
  PACKED,
  PLAIN,
  type PlainRow,
  VERSIONED,
} from "../testing/column-model.js";
import { immediateScheduler as immediate, ManualClock, ManualScheduler } from "../testing/manual-time.js";
import type { Batch, Key, Tables } from "../tables.js";
import { WriteBackTables } from "../write-back.js";
import type { ColumnBatch, ColumnChange, ColumnRow, ColumnTable } from "./column-table.js";
import { BATCH_ROWS_MAX, ColumnTables, PAGE_SCANNED_ROWS_MAX } from "./column-tables.js";

const DURABLE = { isDurable: true };
const P: Key = ["p"];

const logger = new RecordingLogger();
const LAYERS: readonly (readonly [string, (clock: ManualClock) => Tables])[] = [
  ["memory", (clock) => new MemoryTables(new MemoryTableStore(), clock)],
  ["blocks", (clock) => blocksOver(clock)],
  [
    "write-back over blocks",
    (clock) =>
      new WriteBackTables({
        tables: blocksOver(clock),
        clock,
        scheduler: new ManualScheduler(),
        onFailure: (failure) => {
          throw failure;
        },
      }),
  ],
];

function blocksOver(clock: ManualClock): BlockTables {
  const tables = new MemoryTables(new MemoryTableStore(), clock);
  return new BlockTables({ tables, clock, scheduler: immediate, logger });
}

for (const [name, open, table] of LAYERS.flatMap(([layer, opened]) =>
  COLUMN_TABLES.map((each) => [layer, opened, each] as const),
)) {
  test(`the table ${table.spec.name} over ${name} behaves as a naive model does`, async () => {
    const nowMs = new ManualClock().nowMs();
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant("write" as const),
          batch: arbitraryColumnBatch(nowMs, table),
          isDurable: fc.boolean(),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant("range" as const), query: arbitraryColumnQuery(table) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant("find" as const), query: arbitraryColumnQuery(table) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant("advance" as const), byMs: fc.constantFrom(1, 3) }),
      },
    );
    const holds = fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const clock = new ManualClock();
      const model = new ColumnModel(() => clock.nowMs());
      const below = open(clock);
      const tables = new ColumnTables(below);
      for (const next of steps) {
        if (next.do === "advance") clock.advance(next.byMs);
        else if (next.do === "write") {
          const batch = honest(model, next.batch);
          deepEqual(await refusal(tables.write(batch, next)), model.write(batch));
        } else if (next.do === "range") {
          deepEqual(await readAll(tables, next.query), model.range(next.query));
        } else {
          const { table: _table, partition, limit, from: _from, before: _before, ...selection } = next.query;
          const keys = [
            { partition, sort: [limit] },
            { partition: ["p"], sort: [0] },
          ];
          const expected = keys.map((key) => model.find(table, key.partition, key.sort, selection));
          const many = await tables.findMany(table, keys, selection);
          const single = await tables.find(table, partition, [limit], selection);
          deepEqual([...many, single].map(plainOf), [...expected, expected[0]]);
        }
      }
      await below.close();
    });
    await fc.assert(holds, { numRuns: 25 });
  });
}

/** The batch without claims that a row is new when it is not. */
function honest(model: ColumnModel, batch: ColumnBatch): ColumnBatch {
  const seen = new Set<string>();
  const changes = batch.changes.map((change): ColumnChange => {
    const name = JSON.stringify([change.table.spec.name, change.sort]);
    const isFirst = !seen.has(name) && model.isUntouched(change.table, batch.partition, change.sort);
    seen.add(name);
    if (change.kind !== "put" || change.isNew !== true || isFirst) return change;
    const { isNew: _isNew, ...rest } = change;
    return rest;
  });
  return { ...batch, changes };
}

async function refusal(write: Promise<void>): Promise<unknown> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (failureCode(error) !== "condition-failed") throw error;
    return (error as { details?: { condition?: unknown } }).details?.condition;
  }
}

/** All pages of a query, none larger than asked for. */
async function readAll(
  tables: ColumnTables,
  query: Parameters<ColumnTables["range"]>[0],
): Promise<readonly (PlainRow | undefined)[]> {
  const rows: (PlainRow | undefined)[] = [];
  for (let rest = query; ;) {
    const page = await tables.range(rest);
    ok(page.rows.length <= query.limit);
    rows.push(...page.rows.map(plainOf));
    if (page.next === undefined) return rows;
    rest = query.isDescending === true ? { ...rest, before: page.next } : { ...rest, from: page.next };
  }
}

function plainOf(row: ColumnRow | undefined): PlainRow | undefined {
  if (row === undefined) return undefined;
  const { sort, columns, versions } = row;
  const read = [...columns].map(([name, value]) => [name, textOf(value)] as const);
  const all =
    versions === undefined
      ? undefined
      : [...versions].map(([name, entries]) => {
          const plain = entries.map(
            ({ version, value }) => [version, value === undefined ? undefined : textOf(value)] as const,
          );
          return [name, plain] as const;
        });
  return [sort, read, all];
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function put(
  table: ColumnTable,
  sort: Key,
  columns: Readonly<Record<string, string>>,
  version?: number,
): ColumnChange {
  const entries = Object.entries(columns).map(([name, value]) => [name, bytesOf(value)] as const);
  return {
    kind: "put",
    table,
    sort,
    columns: new Map(entries),
    ...(version === undefined ? {} : { version }),
  };
}

/** Tables in memory that note what is asked of them. */
class WatchedTables extends MemoryTables {
  readonly batches: Batch[] = [];
  reads = 0;

  override async findMany(
    ...request: Parameters<MemoryTables["findMany"]>
  ): ReturnType<MemoryTables["findMany"]> {
    this.reads += 1;
    return super.findMany(...request);
  }

  override async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    this.batches.push(...batches);
    // Others get a chance to do something in between.
    await Promise.resolve();
    await super.write(batches, options);
  }
}

function setUp(): {
  readonly below: WatchedTables;
  readonly tables: ColumnTables;
  readonly clock: ManualClock;
} {
  const clock = new ManualClock();
  const below = new WatchedTables(new MemoryTableStore(), clock);
  return { below, tables: new ColumnTables(below), clock };
}

describe("column tables", () => {
  test("changes of one row that come at the same time are all there in the end", async () => {
    const { tables } = setUp();
    const names = Array.from({ length: 50 }, (_, index) => `c${index}`);
    await Promise.all(
      names.map((name) =>
        tables.write(
          { partition: P, changes: [put(PLAIN, [1], { [name]: name }), put(PLAIN, [2], { [name]: "" })] },
          DURABLE,
        ),
      ),
    );
    const row = await tables.find(PLAIN, P, [1]);
    deepEqual([...row!.columns.keys()], names.toSorted());
  });

  test("of those who each want to be first, one is", async () => {
    const { tables } = setUp();
    const attempts = ["a", "b", "c"].map((value) =>
      refusal(
        tables.write(
          {
            partition: P,
            changes: [put(PLAIN, [1], { value })],
            conditions: [{ kind: "absent", table: PLAIN, sort: [1] }],
          },
          DURABLE,
        ),
      ),
    );
    deepEqual(await Promise.all(attempts), [undefined, "absent", "absent"]);
  });

  test("a batch over many rows is one batch below, and reads once", async () => {
    const { below, tables } = setUp();
    const changes = [1, 2, 3].map((row) => put(PLAIN, [row], { a: "x" }));
    await tables.write({ partition: P, changes }, DURABLE);
    deepEqual([below.reads, below.batches.map(({ writes }) => writes.length)], [1, [3]]);
  });

  test("new and deleted rows are written without a read, and said to be new", async () => {
    const { below, tables } = setUp();
    const fresh = { ...put(PACKED, [1], { a: "x" }), isNew: true } as ColumnChange;
    await tables.write(
      { partition: P, changes: [fresh, { kind: "delete-row", table: PLAIN, sort: [2] }] },
      DURABLE,
    );
    const writes = below.batches.flatMap((batch) =>
      batch.writes.map(({ kind, ...rest }) => [kind, "isNew" in rest]),
    );
    deepEqual(
      [below.reads, writes],
      [
        0,
        [
          ["put", true],
          ["delete", false],
        ],
      ],
    );
  });

  test("the bytes of a table without versions hold neither versions nor marks of deletions", async () => {
    const { below, tables } = setUp();
    await tables.write(
      { partition: P, changes: [put(PLAIN, [1], { name: "Ann", age: "*", gone: "x" })] },
      DURABLE,
    );
    await tables.write(
      { partition: P, changes: [{ kind: "delete-column", table: PLAIN, sort: [1], column: "gone" }] },
      DURABLE,
    );
    const stored = await below.find(PLAIN.spec, P, [1]);
    equal(Buffer.from(stored!).toString("hex"), "100203616765012a046e616d6503416e6e");
  });

  test("a table that keeps versions from now on still reads what it had, as version 0", async () => {
    const { tables } = setUp();
    const later: ColumnTable = { ...PLAIN, versions: { max: 2 } };
    await tables.write({ partition: P, changes: [put(PLAIN, [1], { a: "old" })] }, DURABLE);
    await tables.write({ partition: P, changes: [put(later, [1], { a: "new" }, 5)] }, DURABLE);
    const rows = [
      await tables.find(later, P, [1], { versions: 9 }),
      await tables.find(later, P, [1], { atVersion: 4 }),
    ];
    deepEqual(rows.map(plainOf), [
      [
        [1],
        [["a", "new"]],
        [
          [
            "a",
            [
              [5, "new"],
              [0, "old"],
            ],
          ],
        ],
      ],
      [[1], [["a", "old"]], undefined],
    ]);
    await rejects(tables.find(PLAIN, P, [1]), { code: "table-differs" });
    await rejects(tables.write({ partition: P, changes: [put(PLAIN, [1], { a: "x" })] }, DURABLE), {
      code: "table-differs",
    });
  });

  test("a row ends when its last put says, whatever else is changed in it", async () => {
    const { tables, clock } = setUp();
    const expiresAtMs = clock.nowMs() + 10;
    await tables.write(
      { partition: P, changes: [{ ...put(BRIEF, [1], { a: "x", b: "y" }), expiresAtMs } as ColumnChange] },
      DURABLE,
    );
    await tables.write(
      { partition: P, changes: [{ kind: "delete-column", table: BRIEF, sort: [1], column: "a" }] },
      DURABLE,
    );
    await tables.write({ partition: P, changes: [put(BRIEF, [1], { c: "z" })] }, DURABLE);
    clock.advance(9);
    const before = plainOf(await tables.find(BRIEF, P, [1]));
    clock.advance(1);
    deepEqual(
      [before, await tables.find(BRIEF, P, [1])],
      [
        [
          [1],
          [
            ["b", "y"],
            ["c", "z"],
          ],
          undefined,
        ],
        undefined,
      ],
    );
  });

  test("a page that is found in a longer one below goes on behind its own last row", async () => {
    const { tables } = setUp();
    const changes = [1, 2, 3, 4, 5].map((row) => put(PLAIN, [row], row === 1 ? { b: "x" } : { a: "x" }));
    await tables.write({ partition: P, changes }, DURABLE);
    const read = await readAll(tables, { table: PLAIN, partition: P, limit: 2, columns: ["a"] });
    deepEqual(
      read.map((row) => row?.[0]),
      [[2], [3], [4], [5]],
    );
  });

  test("a small page over rows that have none of the columns reads in few steps, and ends in time", async () => {
    const { below, tables } = setUp();
    const count = PAGE_SCANNED_ROWS_MAX + 1;
    for (let first = 0; first < count; first += BATCH_ROWS_MAX) {
      const numbers = Array.from(
        { length: Math.min(BATCH_ROWS_MAX, count - first) },
        (_, index) => first + index,
      );
      const changes = numbers.map((row) =>
        put(PLAIN, [row], { [row === count - 1 ? "rare" : "usual"]: "x" }),
      );
      await tables.write({ partition: P, changes }, DURABLE);
    }
    let ranges = 0;
    below.range = async (query) => {
      ranges += 1;
      return MemoryTables.prototype.range.call(below, query);
    };
    const page = await tables.range({ table: PLAIN, partition: P, limit: 1, columns: ["rare"] });
    const rest = await tables.range({
      table: PLAIN,
      partition: P,
      limit: 1,
      columns: ["rare"],
      from: page.next!,
    });
    deepEqual([page.rows.length, rest.rows.map(({ sort }) => sort), ranges <= 20], [0, [[count - 1]], true]);
  });

  test("a batch over more rows than allowed, and a change without its version, are defects of the caller", async () => {
    const { tables } = setUp();
    const many = Array.from({ length: BATCH_ROWS_MAX + 1 }, (_, row) => put(PLAIN, [row], { a: "x" }));
    const wrong: readonly (readonly ColumnChange[])[] = [
      many,
      [put(VERSIONED, [1], { a: "x" })],
      [put(PLAIN, [1], { a: "x" }, 1)],
      [put(PLAIN, [1], { "": "x" })],
      [put(PLAIN, [1], { ["é".repeat(128)]: "x" })],
      [put(PLAIN, [1], { "\ud800": "x" })],
      [{ ...put(PLAIN, [1], { a: "x" }), expiresAtMs: 5 } as ColumnChange],
    ];
    for (const changes of wrong)
      await rejects(tables.write({ partition: P, changes }, DURABLE), { name: "AssertionFailure" });
  });

  test("a row that would grow too large is refused, and stays as it was", async () => {
    const { tables } = setUp();
    const half = "x".repeat(600 * 1024);
    await tables.write({ partition: P, changes: [put(PLAIN, [1], { a: half })] }, DURABLE);
    await rejects(tables.write({ partition: P, changes: [put(PLAIN, [1], { b: half })] }, DURABLE), {
      code: "row-too-large",
    });
    deepEqual([...(await tables.find(PLAIN, P, [1]))!.columns.keys()], ["a"]);
  });
});
