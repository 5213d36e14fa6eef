import type { Clock } from "@parley/base";
import { countColumns } from "../columns/column-format.js";
import type { Batch, Key, Row, TableSpec } from "../tables.js";
import { AT, SlidingCounts, type TableCounts } from "./counts.js";
import { HotPartitions } from "./hot-partitions.js";

/** Tables are declared in code; whatever is beyond so many is counted together. */
const TABLES_MAX = 500;
const OTHER_TABLES = "others";
const NOTHING = { rows: 0, cells: 0, bytes: 0 };

export interface TableMeterOptions {
  readonly clock: Clock;
  /** Also find the partitions with the most requests. */
  readonly hasPartitions?: boolean;
  /** At the bottom of a stack all values are encoded, and measured as they are; above it that would encode them. */
  readonly isPhysical?: boolean;
  /** Tables whose rows are columns, so that each column is a cell. */
  readonly columnTables?: readonly TableSpec[];
}

export interface TableFigures {
  readonly table: string;
  readonly total: TableCounts;
  readonly lastMinute: TableCounts;
  readonly lastHour: TableCounts;
}

/** One table: what is counted of it, and how. */
interface CountedTable {
  readonly counts: SlidingCounts;
  readonly totals: Float64Array;
  readonly hasColumns: boolean;
}

/**
 * Counts what is read from tables and written to them. Counting only adds; `roll` moves the windows on, and whoever made the
 * meter calls it once a second.
 */
export class TableMeter {
  readonly #clock: Clock;
  readonly #tables = new Map<string, CountedTable>();
  readonly #columnTables: ReadonlySet<string>;
  readonly #isPhysical: boolean;
  readonly hot: HotPartitions | undefined;

  constructor({ clock, hasPartitions, isPhysical, columnTables = [] }: TableMeterOptions) {
    this.#clock = clock;
    this.#columnTables = new Set(columnTables.map(({ name }) => name));
    this.#isPhysical = isPhysical === true;
    this.hot = hasPartitions === true ? new HotPartitions(clock.monotonicMs()) : undefined;
  }

  /** A read of one row. */
  readRow(table: TableSpec, partition: Key, value: Uint8Array | undefined): void {
    const { totals, hasColumns } = this.#of(table.name);
    totals[AT.readRequests]! += 1;
    if (value === undefined) {
      this.hot?.add(table.name, partition, NOTHING);
      return;
    }
    const cells = hasColumns ? countColumns(value) : 1;
    totals[AT.rowsRead]! += 1;
    totals[AT.cellsRead]! += cells;
    totals[AT.bytesRead]! += value.length;
    this.hot?.add(table.name, partition, { rows: 1, cells, bytes: value.length });
  }

  /** A read of many rows in one request, which for each partition is one too. */
  readMany(
    table: TableSpec,
    keys: readonly { readonly partition: Key }[],
    values: readonly (Uint8Array | undefined)[],
  ): void {
    const { totals, hasColumns } = this.#of(table.name);
    totals[AT.readRequests]! += 1;
    for (const [index, value] of values.entries()) {
      const cells = value === undefined ? 0 : hasColumns ? countColumns(value) : 1;
      const rows = value === undefined ? 0 : 1;
      const bytes = value?.length ?? 0;
      totals[AT.rowsRead]! += rows;
      totals[AT.cellsRead]! += cells;
      totals[AT.bytesRead]! += bytes;
      this.hot?.add(table.name, keys[index]!.partition, { rows, cells, bytes });
    }
  }

  /** A read of a range. */
  readRange(table: TableSpec, partition: Key, rows: readonly Row[]): void {
    const { totals, hasColumns } = this.#of(table.name);
    let bytes = 0;
    for (const { value } of rows) bytes += value.length;
    let cells = rows.length;
    if (hasColumns) {
      cells = 0;
      for (const { value } of rows) cells += countColumns(value);
    }
    totals[AT.readRequests]! += 1;
    totals[AT.rowsRead]! += rows.length;
    totals[AT.cellsRead]! += cells;
    totals[AT.bytesRead]! += bytes;
    this.hot?.add(table.name, partition, { rows: rows.length, cells, bytes });
  }

  /** A part of a walk over a whole table: no sign that its partitions are hot. */
  scanned(table: TableSpec, rows: readonly Row[]): void {
    const { totals, hasColumns } = this.#of(table.name);
    totals[AT.readRequests]! += 1;
    totals[AT.rowsRead]! += rows.length;
    for (const { value } of rows) {
      totals[AT.cellsRead]! += hasColumns ? countColumns(value) : 1;
      totals[AT.bytesRead]! += value.length;
    }
  }

  /** A write of a batch: one request for each of its tables. */
  wrote({ partition, writes }: Batch): void {
    let table: TableSpec | undefined;
    let counted: CountedTable | undefined;
    let allCells = 0;
    let allBytes = 0;
    for (const write of writes) {
      if (counted === undefined || write.table !== table) {
        table = write.table;
        counted = this.#of(table.name);
        counted.totals[AT.writeRequests]! += 1;
      }
      const { totals, hasColumns } = counted;
      if (write.kind === "delete") {
        totals[AT.rowsDeleted]! += 1;
        continue;
      }
      const bytes = this.#isPhysical ? write.value.length : (write.sizeHint ?? write.value.length);
      // A value is looked at only when it is known to hold columns: some are not encoded yet.
      const cells = hasColumns ? countColumns(write.value) : 1;
      totals[AT.rowsWritten]! += 1;
      totals[AT.cellsWritten]! += cells;
      totals[AT.bytesWritten]! += bytes;
      allCells += cells;
      allBytes += bytes;
    }
    if (table === undefined) return;
    this.hot?.add(table.name, partition, { rows: writes.length, cells: allCells, bytes: allBytes });
  }

  /** Moves the windows on. To be called about once a second; a call that comes late only blurs them. */
  roll(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { counts } of this.#tables.values()) counts.roll(nowMs);
    this.hot?.roll(nowMs);
  }

  /** Every table met so far, by name. */
  figures(): readonly TableFigures[] {
    this.roll();
    return [...this.#tables]
      .map(([table, { counts }]) => ({
        table,
        total: counts.total(),
        lastMinute: counts.lastMinute(),
        lastHour: counts.lastHour(),
      }))
      .toSorted((left, right) => (left.table < right.table ? -1 : 1));
  }

  #of(name: string): CountedTable {
    return this.#tables.get(name) ?? this.#begin(name);
  }

  #begin(name: string): CountedTable {
    const others = this.#tables.size < TABLES_MAX ? undefined : this.#tables.get(OTHER_TABLES);
    if (others !== undefined) return others;
    const counts = new SlidingCounts(this.#clock.monotonicMs());
    const table = { counts, totals: counts.totals, hasColumns: this.#columnTables.has(name) };
    this.#tables.set(this.#tables.size < TABLES_MAX ? name : OTHER_TABLES, table);
    return table;
  }
}
