/** Goal: what is counted is what happened, windows slide, hot partitions are found, and nothing grows without bound. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import { ColumnTables } from "../columns/column-tables.js";
import { openIndexedTables } from "../indexed/indexed-tables.js";
import { LazyPut } from "../lazy-put.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { tableConformance } from "../testing/conformance.js";
import { ManualClock, ManualScheduler } from "../testing/manual-time.js";
import type { Key, TableSpec, Write } from "../tables.js";
import type { TableCounts } from "./counts.js";
import { HotPartitions } from "./hot-partitions.js";
import { MeasuredTables, MeasuredWriteBack } from "./measured-tables.js";
import { prometheusText } from "./prometheus.js";
import { TableMeter } from "./table-meter.js";
import { tableStatistics } from "./table-statistics.js";

const NOTES: TableSpec = { name: "notes" };
const OTHER: TableSpec = { name: "other" };
const P: Key = ["tenant", "p"];
const DURABLE = { isDurable: true };
const BLOCKS = {
  newRows: 10,
  packedRows: 8,
  blocks: 2,
  plainBytes: 1_000,
  blockBytes: 400,
  repackedRows: 0,
  cacheHits: 3,
  cacheMisses: 1,
};

tableConformance("measured tables", async (clock) => {
  const store = new MemoryTableStore();
  const open = (): MeasuredTables =>
    new MeasuredTables(new MemoryTables(store, clock), new TableMeter({ clock, hasPartitions: true }));
  let tables = open();
  const reopen = async (): Promise<MeasuredTables> => {
    await tables.close();
    tables = open();
    return tables;
  };
  const crash = async (): Promise<MeasuredTables> => {
    store.crash();
    tables = open();
    return tables;
  };
  return { tables, reopen, crash, remove: () => tables.close() };
});

function put(table: TableSpec, sort: Key, length: number): Write {
  return { kind: "put", table, sort, value: new Uint8Array(length) };
}

/** The counts that are not 0. */
function some(counts: TableCounts | undefined): Partial<TableCounts> {
  return Object.fromEntries(Object.entries(counts ?? {}).filter(([, count]) => count !== 0));
}

function setUp() {
  const clock = new ManualClock();
  const meter = new TableMeter({ clock, hasPartitions: true });
  const engineMeter = new TableMeter({ clock, isPhysical: true });
  const engine = new MeasuredTables(new MemoryTables(new MemoryTableStore(), clock), engineMeter);
  const tables = new MeasuredWriteBack({
    tables: engine,
    meter,
    clock,
    scheduler: new ManualScheduler(),
    onFailure: (failure) => {
      throw failure;
    },
  });
  const total = (of: TableMeter, table: TableSpec): Partial<TableCounts> =>
    some(of.figures().find((each) => each.table === table.name)?.total);
  return { clock, meter, engineMeter, tables, total };
}

describe("measured tables", () => {
  test("count each request once, wherever it is answered, and apart from what reaches the engine", async () => {
    const { tables, meter, engineMeter, total } = setUp();
    tables.stage({ partition: P, writes: [put(NOTES, [1], 5), put(NOTES, [2], 5), put(OTHER, [1], 7)] });
    tables.stage({ partition: P, writes: [put(NOTES, [1], 9), { kind: "delete", table: NOTES, sort: [2] }] });
    await tables.find(NOTES, P, [1]);
    await tables.flush();
    await tables.find(NOTES, P, [1]);
    await tables.find(NOTES, P, [2]);
    await tables.findMany(
      NOTES,
      [1, 2].map((sort) => ({ partition: P, sort: [sort] })),
    );
    await tables.range({ table: OTHER, partition: P, limit: 9 });
    deepEqual(
      [total(meter, NOTES), total(meter, OTHER), total(engineMeter, NOTES)],
      [
        {
          readRequests: 4,
          rowsRead: 3,
          cellsRead: 3,
          bytesRead: 27,
          writeRequests: 2,
          rowsWritten: 3,
          cellsWritten: 3,
          bytesWritten: 19,
          rowsDeleted: 1,
        },
        {
          readRequests: 1,
          rowsRead: 1,
          cellsRead: 1,
          bytesRead: 7,
          writeRequests: 1,
          rowsWritten: 1,
          cellsWritten: 1,
          bytesWritten: 7,
        },
        {
          readRequests: 3,
          rowsRead: 2,
          cellsRead: 2,
          bytesRead: 18,
          writeRequests: 1,
          rowsWritten: 1,
          cellsWritten: 1,
          bytesWritten: 9,
          rowsDeleted: 1,
        },
      ],
    );
  });

  test("count what an index finds as rows of the index, and walks as reads that make no partition hot", async () => {
    const clock = new ManualClock();
    const scheduler = new ManualScheduler();
    const meter = new TableMeter({ clock, hasPartitions: true });
    const table: TableSpec = {
      ...NOTES,
      indexes: [
        {
          name: "size",
          version: 1,
          keyParts: 1,
          entriesOf: ({ value }) => [{ key: [value.length], included: new Uint8Array(2) }],
        },
      ],
    };
    const engine = new MemoryTables(new MemoryTableStore(), clock);
    const indexed = await openIndexedTables({ tables: engine, declared: [table], clock, scheduler });
    const onFailure = (failure: unknown): void => {
      throw failure;
    };
    const tables = new MeasuredWriteBack({
      meter,
      tables: indexed,
      indexes: indexed,
      clock,
      scheduler,
      onFailure,
    });
    tables.stage({ partition: P, writes: [put(table, [1], 5), put(table, [2], 6)] });
    await tables.queryIndex({ table, index: "size", partition: P, limit: 9 });
    const before = meter.hot?.hottest(1, 0).partitions[0]?.requests;
    await tables.scanTable({ table, limit: 9 });
    const read = Object.fromEntries(
      meter.figures().map(({ table: name, total: { rowsRead, bytesRead } }) => [name, [rowsRead, bytesRead]]),
    );
    deepEqual(
      [read, before, meter.hot?.hottest(1, 0).partitions[0]?.requests],
      [{ notes: [2, 11], "notes-by-size": [2, 4] }, 2, 2],
    );
    await tables.close();
    await indexed.close();
  });

  test("count appended rows", async () => {
    const { tables, meter, total } = setUp();
    const below = new MeasuredTables(new MemoryTables(new MemoryTableStore(), new ManualClock()), meter);
    const values = [new Uint8Array(3), new Uint8Array(4)];
    const request = {
      table: NOTES,
      partition: P,
      sortPrefix: ["n"],
      counterSort: ["last"],
      values,
      ...DURABLE,
    };
    await below.appendRows({ ...request, alongside: [put(OTHER, [1], 1)] });
    await tables.close();
    deepEqual(
      [total(meter, NOTES), total(meter, OTHER)],
      [
        { writeRequests: 1, rowsWritten: 2, cellsWritten: 2, bytesWritten: 7 },
        { writeRequests: 1, rowsWritten: 1, cellsWritten: 1, bytesWritten: 1 },
      ],
    );
  });

  test("do not have a value encoded only to know how long it is", async () => {
    const { tables, meter, engineMeter, total } = setUp();
    let encoded = 0;
    const encode = (): Uint8Array => {
      encoded += 1;
      return new Uint8Array(8);
    };
    tables.stage({ partition: P, writes: [new LazyPut(NOTES, [1], 6, encode)] });
    const before = encoded;
    await tables.flush();
    deepEqual(
      [before, encoded, total(meter, NOTES).bytesWritten, total(engineMeter, NOTES).bytesWritten],
      [0, 1, 6, 8],
    );
  });

  test("count the columns of tables that are known to have them", async () => {
    const clock = new ManualClock();
    const meter = new TableMeter({ clock, columnTables: [NOTES] });
    const columns = new ColumnTables(
      new MeasuredTables(new MemoryTables(new MemoryTableStore(), clock), meter),
    );
    const table = { spec: NOTES };
    const row = new Map(["a", "b", "c"].map((name) => [name, new Uint8Array(1)]));
    await columns.write(
      { partition: P, changes: [{ kind: "put", table, sort: [1], columns: row }] },
      DURABLE,
    );
    await columns.find(table, P, [1]);
    await columns.range({ table, partition: P, limit: 5 });
    const { cellsWritten, cellsRead, rowsRead } = meter.figures()[0]!.total;
    deepEqual([cellsWritten, cellsRead, rowsRead], [3, 6, 2]);
  });

  test("tables beyond any number that code declares are counted together", () => {
    const meter = new TableMeter({ clock: new ManualClock() });
    for (let number = 0; number < 600; number++) meter.readRow({ name: `t${number}` }, P, undefined);
    meter.readRow({ name: "t3" }, P, undefined);
    const figures = meter.figures();
    const count = (table: string): number =>
      figures.find((each) => each.table === table)?.total.readRequests ?? 0;
    deepEqual([figures.length, count("others"), count("t3")], [501, 100, 2]);
  });
});

describe("windows", () => {
  test("hold the last minute and the last hour, however rarely they are moved on", () => {
    for (const stepMs of [1_000, 7_300, 61_000]) {
      const { clock, meter } = setUp();
      const events: number[] = [];
      for (let elapsedMs = 0; elapsedMs < 2 * 60 * 60 * 1_000; elapsedMs += stepMs) {
        meter.readRow(NOTES, P, undefined);
        events.push(clock.nowMs());
        clock.advance(stepMs);
        meter.roll();
        const { lastMinute, lastHour, total } = meter.figures()[0]!;
        const since = (periodMs: number): number => {
          const began = (Math.floor(clock.nowMs() / periodMs) - 60) * periodMs;
          return events.filter((atMs) => atMs >= began).length;
        };
        // What happened since the last call counts as if it had just been before it.
        const blurred = (periodMs: number): number => Math.abs(since(periodMs) - count(periodMs));
        const count = (periodMs: number): number =>
          periodMs === 1_000 ? lastMinute.readRequests : lastHour.readRequests;
        equal(total.readRequests, events.length);
        ok(blurred(1_000) <= 1 && blurred(60_000) <= 1);
      }
    }
  });

  test("are empty again when nothing happens for long", () => {
    const { clock, meter } = setUp();
    meter.readRow(NOTES, P, undefined);
    clock.advance(61_000);
    meter.roll();
    const afterMinute = meter.figures()[0]!;
    clock.advance(61 * 60_000);
    const afterHour = meter.figures()[0]!;
    deepEqual(
      [afterMinute, afterHour].map((each) => [
        each.lastMinute.readRequests,
        each.lastHour.readRequests,
        each.total.readRequests,
      ]),
      [
        [0, 1, 1],
        [0, 0, 1],
      ],
    );
  });
});

describe("hot partitions", () => {
  const ONE = { rows: 2, cells: 3, bytes: 10 };

  test("are found exactly among few requests, with what they read and wrote", () => {
    const hot = new HotPartitions(0);
    for (let count = 0; count < 5; count++) hot.add("notes", ["t", "a"], ONE);
    hot.add("notes", ["t", "b", 7], ONE);
    deepEqual(hot.hottest(1, 5_000), {
      seconds: 5,
      partitions: [
        { partition: ["t", "a"], table: "notes", requests: 5, error: 0, rows: 10, cells: 15, bytes: 50 },
      ],
    });
    deepEqual(hot.hottest(9, 5_000).partitions[1]!.partition, ["t", "b", 7]);
  });

  test("with one percent of very many requests to very many partitions are all found, and about as hot as they are", () => {
    const hot = new HotPartitions(0);
    const requests = 400_000;
    for (let count = 0; count < requests; count++) {
      const isHot = count % 10 === 0;
      hot.add("notes", ["t", isHot ? `hot${(count / 10) % 10}` : `cold${count}`], ONE);
    }
    const found = hot.hottest(10, 1_000).partitions;
    deepEqual(
      found.map(({ partition }) => String(partition[1])).toSorted(),
      Array.from({ length: 10 }, (_, index) => `hot${index}`),
    );
    for (const each of found) ok(Math.abs(each.requests - requests / 100) < requests / 500);
  });

  test("are forgotten after two windows", () => {
    const hot = new HotPartitions(0);
    hot.add("notes", ["t", "a"], ONE);
    const seen = [30_000, 59_999, 60_000].map((nowMs) => {
      hot.roll(nowMs);
      return hot.hottest(9, nowMs).partitions.length;
    });
    deepEqual(seen, [1, 1, 0]);
  });
});

describe("statistics", () => {
  test("give the ratios that an operator asks for, and 0 where there is nothing yet", async () => {
    const { tables, meter, engineMeter, clock } = setUp();
    const sources = { meter, engineMeter, stagedBytes: 5, nowMs: clock.nowMs() };
    const empty = { ...BLOCKS, newRows: 0, plainBytes: 0, cacheHits: 0, cacheMisses: 0 };
    const before = tableStatistics({ ...sources, blocks: empty }, 3).ratios;
    tables.stage({ partition: P, writes: [put(NOTES, [1], 100)] });
    tables.stage({ partition: P, writes: [put(NOTES, [1], 50)] });
    await tables.flush();
    deepEqual(
      [before, tableStatistics({ ...sources, blocks: BLOCKS }, 3).ratios],
      [
        { writeAmplification: 0, blockRatio: 0, packedShare: 0, blockCacheHitShare: 0 },
        { writeAmplification: 0.333, blockRatio: 0.4, packedShare: 0.8, blockCacheHitShare: 0.75 },
      ],
    );
  });

  test("read as Prometheus reads them, without a partition in them", async () => {
    const { tables, meter, engineMeter, clock } = setUp();
    tables.stage({ partition: ["tenant", "secret-partition"], writes: [put(NOTES, [1], 100)] });
    await tables.flush();
    const sources = { meter, engineMeter, blocks: BLOCKS, stagedBytes: 5, nowMs: clock.nowMs() };
    const more = { name: "parley_more_total", type: "counter", help: "More.", value: 7 } as const;
    const text = prometheusText(tableStatistics(sources, 3), [more]);
    const lines = text.split("\n");
    equal(lines.pop(), "");
    const strange = lines.filter(
      (line) => !/^(# (HELP|TYPE) parley_[a-z_]+ .+|parley_[a-z_]+(\{table="[a-z0-9-]+"\})? \d+)$/.test(line),
    );
    deepEqual(strange, []);
    deepEqual(
      lines.filter((line) => /rows_written|staged|more/.test(line)),
      [
        "# HELP parley_table_rows_written_total Rows written, as asked for.",
        "# TYPE parley_table_rows_written_total counter",
        'parley_table_rows_written_total{table="notes"} 1',
        "# HELP parley_engine_table_rows_written_total Rows written, as they reach the engine.",
        "# TYPE parley_engine_table_rows_written_total counter",
        'parley_engine_table_rows_written_total{table="notes"} 1',
        "# HELP parley_tables_staged_bytes Bytes of rows in memory that are not yet in the engine.",
        "# TYPE parley_tables_staged_bytes gauge",
        "parley_tables_staged_bytes 5",
        "# HELP parley_more_total More.",
        "# TYPE parley_more_total counter",
        "parley_more_total 7",
      ],
    );
    ok(!text.includes("secret-partition"));
  });
});
