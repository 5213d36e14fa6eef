/**
 * What reads pay for features that their table does not use: the newest 50 rows of tables with and without expiry, columns,
 * versions and deletions, all filled with the same content and read in turns, so that they meet the same machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { openLevelTables } from "@parley/engine-embedded";
import {
  type ColumnChange,
  type ColumnTable,
  ColumnTables,
  type Key,
  MemoryTables,
  MemoryTableStore,
  type Tables,
  type TableSpec,
  type Write,
} from "@parley/tables";
import { partitionKey, Workload } from "./workload.js";
import { hundredths } from "../rounding.js";

const PAGE_ROWS = 50;
const PARTITIONS = 40;
const PARTITION_ROWS = 200;
const SENDER_BYTES = 24;
const TIME_BYTES = 8;
const WARM_UP_SHARE = 0.2;
const FAR_MS = 4_000_000_000_000;
const BATCH = { isDurable: false };

/** A table that is compared: how its rows are written, and the newest of a partition read. */
interface Variant {
  readonly name: string;
  fill(partition: Key, number: number, value: Uint8Array): Promise<void>;
  read(partition: Key): Promise<number>;
}

/** Microseconds of a read of the newest 50 rows, and how many times those of the plain table. */
export async function measureShortPath(plan: {
  readonly rowBytes: number;
  readonly scans: number;
  readonly seed: number;
}): Promise<{ readonly figures: Record<string, number>; readonly complaints: readonly string[] }> {
  const figures: Record<string, number> = {};
  const complaints: string[] = [];
  const { clock } = systemAmbient();
  const directory = mkdtempSync(join(tmpdir(), "parley-short-path-"));
  try {
    const level = await openLevelTables({ directory: join(directory, "tables"), clock });
    const memory = new MemoryTables(new MemoryTableStore(), clock);
    for (const [engine, tables] of [
      ["memory", memory],
      ["level", level],
    ] as const) {
      const variants = variantsOver(tables);
      await fill(variants, plan);
      if (engine === "level") await level.compact();
      for (const [name, us] of await read(variants, plan.scans, complaints)) {
        figures[`short_path_${engine}_${name}_us`] = us.p50;
        figures[`short_path_${engine}_${name}_ratio`] = us.ratio;
      }
      await tables.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { figures, complaints };
}

function variantsOver(tables: Tables): readonly Variant[] {
  const columns = new ColumnTables(tables);
  const versions = { max: 3 };
  return [
    rowsOf(tables, { name: "rows" }),
    rowsOf(tables, { name: "rows-expiry", hasExpiry: true }),
    columnsOf(columns, { spec: { name: "columns" } }, (put) => [put(1)]),
    columnsOf(columns, { spec: { name: "columns-expiry", hasExpiry: true } }, (put) => [put(1)]),
    columnsOf(columns, { spec: { name: "columns-versions" }, versions }, (put) => [put(1)]),
    columnsOf(columns, { spec: { name: "columns-3-versions" }, versions }, (put) => [put(1), put(2), put(3)]),
    columnsOf(columns, { spec: { name: "columns-deletions" }, versions }, (put, table, sort) => [
      put(1),
      { kind: "delete-column", table, sort, column: "draft", version: 2 },
    ]),
  ];
}

function rowsOf(tables: Tables, table: TableSpec): Variant {
  return {
    name: table.name,
    fill: (partition, number, value) => {
      const expiry = table.hasExpiry === true ? { expiresAtMs: FAR_MS } : {};
      const write: Write = { kind: "put", table, sort: [number], value, ...expiry };
      return tables.write([{ partition, writes: [write] }], BATCH);
    },
    read: async (partition) =>
      (await tables.range({ table, partition, limit: PAGE_ROWS, isDescending: true })).length,
  };
}

type Changes = (
  put: (version: number) => ColumnChange,
  table: ColumnTable,
  sort: Key,
) => readonly ColumnChange[];

function columnsOf(tables: ColumnTables, table: ColumnTable, changesOf: Changes): Variant {
  return {
    name: table.spec.name,
    fill: (partition, number, value) => {
      const sort = [number];
      const put = (version: number): ColumnChange => ({
        kind: "put",
        table,
        sort,
        columns: split(value, table.spec.name === "columns-deletions"),
        ...(table.versions === undefined ? {} : { version }),
        ...(table.spec.hasExpiry === true ? { expiresAtMs: FAR_MS } : {}),
      });
      return tables.write({ partition, changes: changesOf(put, table, sort) }, BATCH);
    },
    read: async (partition) =>
      (await tables.range({ table, partition, limit: PAGE_ROWS, isDescending: true })).rows.length,
  };
}

/** The bytes of a message as columns, as long together. */
function split(value: Uint8Array, hasDraft: boolean): ReadonlyMap<string, Uint8Array> {
  const columns = new Map([
    ["sender", value.subarray(0, SENDER_BYTES)],
    ["time", value.subarray(SENDER_BYTES, SENDER_BYTES + TIME_BYTES)],
    ["text", value.subarray(SENDER_BYTES + TIME_BYTES)],
  ]);
  return hasDraft ? columns.set("draft", value.subarray(0, TIME_BYTES)) : columns;
}

async function fill(
  variants: readonly Variant[],
  plan: { readonly rowBytes: number; readonly seed: number },
): Promise<void> {
  const workload = new Workload({ ...plan, conversations: PARTITIONS });
  for (let number = 1; number <= PARTITION_ROWS; number++) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { value } = workload.next();
      await Promise.all(variants.map((variant) => variant.fill(partitionKey(partition), number, value)));
    }
  }
}

async function read(
  variants: readonly Variant[],
  scans: number,
  complaints: string[],
): Promise<ReadonlyMap<string, { readonly p50: number; readonly ratio: number }>> {
  const samples = variants.map(() => new Float64Array(scans));
  const warmUp = Math.ceil(scans * WARM_UP_SHARE);
  for (let scan = -warmUp; scan < scans; scan++) {
    const partition = partitionKey(((scan + warmUp) * 7) % PARTITIONS);
    // Each goes first in turn: who comes first after the others pays for caches that they have filled.
    for (let step = 0; step < variants.length; step++) {
      const index = (step + scan + warmUp) % variants.length;
      const variant = variants[index]!;
      const beganMs = performance.now();
      const rows = await variant.read(partition);
      if (scan >= 0) samples[index]![scan] = (performance.now() - beganMs) * 1000;
      if (rows !== PAGE_ROWS) complaints.push(`the short path read ${rows} rows of ${variant.name}`);
    }
  }
  const medians = samples.map((each) => each.toSorted()[Math.floor(scans / 2)]!);
  return new Map(
    variants.map(({ name }, index) => [
      name.replaceAll("-", "_"),
      { p50: hundredths(medians[index]!), ratio: hundredths(medians[index]! / medians[0]!) },
    ]),
  );
}
