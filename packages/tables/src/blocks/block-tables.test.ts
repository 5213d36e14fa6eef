/**
 * Goal: whoever reads a packed table cannot tell that it is packed.
 *
 * Method: random writes of new, changed and deleted rows, with and without expiry, compared after each step with a map, by
 * ranges of all kinds, by single and by many reads; and again after a reopening.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@parley/base";
import { RecordingLogger } from "@parley/base/testing";
import * as fc from "fast-check";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { tableConformance } from "../testing/conformance.js";
import { immediateScheduler as immediate, ManualClock } from "../testing/manual-time.js";
import type { Key, RangeQuery, Row, ScannedRow, TableSpec, Write } from "../tables.js";
import { BlockTables } from "./block-tables.js";
import { blockTableOf } from "./stored-keys.js";

const LASTING: TableSpec = { name: "history", isPacked: true };
const EXPIRING: TableSpec = { name: "queue", isPacked: true, hasExpiry: true };
const PARTITION: Key = ["tenant", "one"];
const NUMBER_MAX = 400;

tableConformance("blocks", async (clock) => {
  const store = new MemoryTableStore();
  let tables = open({ clock, store });
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = open({ clock, store });
      return tables;
    },
    async crash() {
      store.crash();
      tables = open({ clock, store });
      return tables;
    },
    remove: () => tables.close(),
  };
});

test("a walk meets packed rows, single rows and both in their order, and none twice", async () => {
  const { tables } = world();
  for (const partition of [["a"], ["b"], ["b", "c"], ["d"]]) {
    const rows = partition[0] === "a" ? newRows(LASTING, 1, 3) : newRows(LASTING, 1, 200);
    await tables.write([{ partition, writes: rows }], { isDurable: true });
  }
  await tables.write(
    [
      {
        partition: ["b"],
        writes: [
          { kind: "delete", table: LASTING, sort: [7] },
          { kind: "put", table: LASTING, sort: [9], value: bytes("changed") },
        ],
      },
      { partition: ["c"], writes: [{ kind: "put", table: LASTING, sort: [1], value: bytes("single") }] },
    ],
    { isDurable: true },
  );
  const ranges: unknown[] = [];
  for (const partition of [["a"], ["b"], ["b", "c"], ["c"], ["d"]]) {
    const rows = await tables.range({ table: LASTING, partition, limit: 1000 });
    ranges.push(...rows.map((row) => ({ ...row, partition })));
  }
  for (const limit of [1, 7, 10_000]) {
    const walked: ScannedRow[] = [];
    for (let page: readonly ScannedRow[] | undefined; page === undefined || page.length === limit;) {
      const after = walked.at(-1);
      page = await tables.scanTable({ table: LASTING, limit, ...(after === undefined ? {} : { after }) });
      walked.push(...page);
    }
    deepEqual(walked, ranges);
  }
});

interface World {
  readonly clock: ManualClock;
  readonly store: MemoryTableStore;
  tables: BlockTables;
}

function world(): World {
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  return { clock, store, tables: open({ clock, store }) };
}

function open({ clock, store }: { readonly clock: Clock; readonly store: MemoryTableStore }): BlockTables {
  return new BlockTables({
    tables: new MemoryTables(store, clock),
    clock,
    scheduler: immediate,
    logger: new RecordingLogger(),
  });
}

async function write({ tables }: World, writes: readonly Write[]): Promise<void> {
  await tables.write([{ partition: PARTITION, writes }], { isDurable: true });
}

function newRows(table: TableSpec, first: number, count: number, expiresAtMs?: number): readonly Write[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: "put",
    table,
    sort: [first + index],
    value: bytes(`${first + index}`),
    isNew: true,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  }));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function shown(rows: readonly Row[]): readonly string[] {
  return rows.map(({ sort, value }) => `${String(sort[0])}=${new TextDecoder().decode(value)}`);
}

async function stored({ clock, store }: World, table: TableSpec): Promise<number> {
  const rows = await new MemoryTables(store, clock).range({ table, partition: PARTITION, limit: 1_000 });
  return rows.length;
}

/** What a map says a range holds. */
function expected(model: ReadonlyMap<number, Cell>, query: RangeQuery, nowMs: number): readonly string[] {
  const from = query.from === undefined ? 0 : Number(query.from[0]);
  const before = query.before === undefined ? Infinity : Number(query.before[0]);
  const numbers = [...model.keys()]
    .filter((number) => number >= from && number < before)
    .filter((number) => !isGone(model.get(number), nowMs))
    .toSorted((one, other) => (query.isDescending === true ? other - one : one - other));
  return numbers.slice(0, query.limit).map((number) => `${number}=${model.get(number)!.text}`);
}

interface Cell {
  readonly text: string;
  readonly expiresAtMs: number | undefined;
}

function isGone(cell: Cell | undefined, nowMs: number): boolean {
  return cell === undefined || (cell.expiresAtMs !== undefined && cell.expiresAtMs <= nowMs);
}

const number = fc.integer({ min: 0, max: NUMBER_MAX });
const lifeMs = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 60 }),
      gap: fc.integer({ min: 0, max: 3 }),
      lifeMs,
    }),
  },
  fc.record({ do: fc.constant("change" as const), number, text: fc.string({ maxLength: 3 }), lifeMs }),
  fc.record({ do: fc.constant("delete" as const), number }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 30 }) }),
  fc.constant({ do: "reopen" as const }),
);
const range = fc.record(
  { from: number, before: number, isDescending: fc.boolean(), limit: fc.integer({ min: 1, max: 150 }) },
  { requiredKeys: ["limit"] },
);

for (const table of [LASTING, EXPIRING]) {
  test(`${table.name}: packed rows read as a map would`, async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.array(range),
      async (steps, ranges) => {
        const here = world();
        const model = new Map<number, Cell>();
        let next = 0;
        for (const each of steps) {
          const nowMs = here.clock.nowMs();
          const life = "lifeMs" in each && table.hasExpiry === true ? each.lifeMs : undefined;
          const expiresAtMs = life === undefined ? undefined : nowMs + life;
          const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
          if (each.do === "append") {
            next += each.gap;
            await write(here, newRows(table, next, each.count, expiresAtMs));
            for (let count = 0; count < each.count; count++, next++)
              model.set(next, { text: `${next}`, expiresAtMs });
          } else if (each.do === "change") {
            const value = bytes(each.text);
            await write(here, [{ kind: "put", table, sort: [each.number], value, ...expiry }]);
            model.set(each.number, { text: new TextDecoder().decode(value), expiresAtMs });
            next = Math.max(next, each.number + 1);
          } else if (each.do === "delete") {
            // What is new has never been there, not even as deleted.
            if (each.number >= next) continue;
            await write(here, [{ kind: "delete", table, sort: [each.number] }]);
            model.delete(each.number);
          } else if (each.do === "wait") here.clock.advance(each.ms);
          else here.tables = open(here);
        }
        const nowMs = here.clock.nowMs();
        for (const { from, before, ...rest } of [{ limit: 10_000 }, ...ranges] as (typeof ranges)[number][]) {
          const query = {
            table,
            partition: PARTITION,
            ...(from === undefined ? {} : { from: [from] }),
            ...(before === undefined ? {} : { before: [before] }),
            ...rest,
          };
          deepEqual(
            shown(await here.tables.range(query as RangeQuery)),
            expected(model, query as RangeQuery, nowMs),
          );
        }
        const keys = Array.from({ length: next }, (_, sort) => ({ partition: PARTITION, sort: [sort] }));
        const found = await here.tables.findMany(table, keys);
        for (const [index, value] of found.entries()) {
          const cell = model.get(index);
          const text = isGone(cell, nowMs) ? undefined : cell?.text;
          equal(value === undefined ? undefined : new TextDecoder().decode(value), text);
        }
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });
}

test("a run leaves as one block, a few rows as rows", async () => {
  const here = world();
  await write(here, newRows(LASTING, 1, 3));
  equal(await stored(here, LASTING), 3);
  await write(here, newRows(LASTING, 4, 104));
  equal(await stored(here, LASTING), 3);
  equal(await stored(here, blockTableOf(LASTING)), 1);
  await write(here, newRows(LASTING, 108, 300));
  equal(await stored(here, blockTableOf(LASTING)), 4);
  const { newRows: all, packedRows, blocks } = here.tables.stats;
  deepEqual({ all, packedRows, blocks }, { all: 407, packedRows: 404, blocks: 4 });
});

test("a range goes on from the successor of a packed row", async () => {
  const here = world();
  await write(here, newRows(LASTING, 1, 20));
  const query = { table: LASTING, partition: PARTITION, from: [5, ""], limit: 2 };
  deepEqual(shown(await here.tables.range(query)), ["6=6", "7=7"]);
});

test("a changed row that expires does not bring the packed one back", async () => {
  const here = world();
  const forever = here.clock.nowMs() + 1_000_000;
  await write(here, newRows(EXPIRING, 1, 20, forever));
  const change = { kind: "put", table: EXPIRING, sort: [3], value: bytes("new") } as const;
  await write(here, [{ ...change, expiresAtMs: here.clock.nowMs() + 5 }]);
  here.clock.advance(10);
  equal(await here.tables.find(EXPIRING, PARTITION, [3]), undefined);
});

test("a damaged block is reported and not served", async () => {
  const here = world();
  await write(here, newRows(LASTING, 1, 20));
  const block = blockTableOf(LASTING);
  const raw = new MemoryTables(here.store, here.clock);
  const value = (await raw.find(block, PARTITION, [20]))!;
  ok(value.length > 20);
  for (let at = 0; at < value.length; at++) {
    const damaged = value.slice();
    damaged[at]! ^= 0x55;
    await raw.write(
      [{ partition: PARTITION, writes: [{ kind: "put", table: block, sort: [20], value: damaged }] }],
      {
        isDurable: true,
      },
    );
    const fresh = open(here);
    const read = fresh.range({ table: LASTING, partition: PARTITION, limit: 100 });
    // A byte of a text within may change unnoticed here: the engine's checksums and the seals are for that.
    const rows = await read.catch((error: unknown) => {
      equal((error as { code?: string }).code, "tables-corrupt");
      return undefined;
    });
    if (rows !== undefined) ok(rows.length <= 20);
  }
});

test("rows of a packed table are numbered by their writer", async () => {
  const { tables } = world();
  const request = {
    table: LASTING,
    partition: PARTITION,
    sortPrefix: [],
    counterSort: [0],
    values: [bytes("a")],
  };
  await rejects(tables.appendRows({ ...request, isDurable: true }));
});
