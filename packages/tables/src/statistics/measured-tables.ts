import type { IndexMatch, IndexQuery } from "../indexed/index-query.js";
import type {
  AppendRows,
  Batch,
  Key,
  RangeQuery,
  Row,
  RowKey,
  ScannedRow,
  Tables,
  TableScan,
  TableSpec,
} from "../tables.js";
import { WriteBackTables, type WriteBackOptions } from "../write-back.js";
import type { TableMeter } from "./table-meter.js";

/** Tables of which every read and write is counted. At the top of a stack that is what was asked for, at its bottom what it took. */
export class MeasuredTables implements Tables {
  readonly #tables: Tables;
  readonly #meter: TableMeter;

  /** The tables are closed with this. */
  constructor(tables: Tables, meter: TableMeter) {
    this.#tables = tables;
    this.#meter = meter;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    const value = await this.#tables.find(table, partition, sort);
    this.#meter.readRow(table, partition, value);
    return value;
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.#tables.findMany(table, keys);
    this.#meter.readMany(table, keys, values);
    return values;
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    const rows = await this.#tables.range(query);
    this.#meter.readRange(query.table, query.partition, rows);
    return rows;
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    const rows = await this.#tables.scanTable(scan);
    this.#meter.scanned(scan.table, rows);
    return rows;
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    await this.#tables.write(batches, options);
    for (const batch of batches) this.#meter.wrote(batch);
  }

  async appendRows(request: AppendRows): Promise<number> {
    const first = await this.#tables.appendRows(request);
    this.#meter.wrote(rowsOf(request));
    return first;
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }
}

/** The write-back layer, of which every read and write is counted, whether it is answered from memory or not. */
export class MeasuredWriteBack extends WriteBackTables {
  readonly #meter: TableMeter;

  constructor(options: WriteBackOptions & { readonly meter: TableMeter }) {
    super(options);
    this.#meter = options.meter;
  }

  override stage(batch: Batch): void {
    super.stage(batch);
    this.#meter.wrote(batch);
  }

  override async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    const value = await super.find(table, partition, sort);
    this.#meter.readRow(table, partition, value);
    return value;
  }

  override async findMany(
    table: TableSpec,
    keys: readonly RowKey[],
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await super.findMany(table, keys);
    this.#meter.readMany(table, keys, values);
    return values;
  }

  override async range(query: RangeQuery): Promise<readonly Row[]> {
    const rows = await super.range(query);
    this.#meter.readRange(query.table, query.partition, rows);
    return rows;
  }

  override async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    const rows = await super.scanTable(scan);
    this.#meter.scanned(scan.table, rows);
    return rows;
  }

  override async queryIndex(query: IndexQuery): Promise<readonly IndexMatch[]> {
    const matches = await super.queryIndex(query);
    const rows = matches.map(({ place, included }) => ({ sort: place, value: included }));
    this.#meter.readRange({ name: `${query.table.name}-by-${query.index}` }, query.partition, rows);
    return matches;
  }
}

/** An append as a batch, without the row of its counter, which nobody asked for. */
function rowsOf({ table, partition, sortPrefix, values, alongside = [] }: AppendRows): Batch {
  const rows = values.map((value) => ({ kind: "put" as const, table, sort: sortPrefix, value }));
  return { partition, writes: [...alongside, ...rows] };
}
