import { assert, Failure, type Clock } from "@parley/base";
import { appendInTurn, Turns } from "./append-rows.js";
import {
  decodeRowKey,
  decodeTuple,
  encodePartition,
  encodeTuple,
  partitionEnd,
  scanBounds,
  SORT_KEYS_END,
  type EncodedKey,
} from "./key-encoding.js";
import { sortBounds } from "./range-query.js";
import { SortedRows } from "./sorted-rows.js";
import { liveValue, storedExpiry, storedValue } from "./stored-value.js";
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
  Write,
} from "./tables.js";

/**
 * What a disk is to an engine: it outlives the `MemoryTables` that are opened over it. In a crash it forgets every write
 * that was not durable, also those that durable writes to other rows followed: the worst that the port allows.
 */
export class MemoryTableStore {
  readonly #partitions = new Map<EncodedKey, SortedRows<Uint8Array>>();
  /** What rows written without durability fall back to. */
  readonly #durableByRow = new Map<
    string,
    { partition: EncodedKey; sort: EncodedKey; stored: Uint8Array | undefined }
  >();
  /** The names of all partitions in order; undefined when they have to be sorted again. */
  #sortedPartitions: readonly EncodedKey[] | undefined;
  #crashes = 0;

  /** Forgets what is not durable, and cuts off the tables that are open over this store. */
  crash(): void {
    this.#crashes += 1;
    for (const { partition, sort, stored } of this.#durableByRow.values()) this.#put(partition, sort, stored);
    this.#durableByRow.clear();
  }

  /** How often this store has crashed; tables opened before the last time are dead. */
  get crashes(): number {
    return this.#crashes;
  }

  /** The rows of one encoded partition of a table. */
  rows(partition: EncodedKey): SortedRows<Uint8Array> | undefined {
    return this.#partitions.get(partition);
  }

  /** The encoded partitions that have rows from `from` to, without, `before`, in order. */
  *partitionsBetween(from: EncodedKey, before: EncodedKey): Iterable<EncodedKey> {
    this.#sortedPartitions ??= [...this.#partitions.keys()].toSorted((left, right) =>
      left < right ? -1 : 1,
    );
    for (const partition of this.#sortedPartitions) {
      if (partition >= before) return;
      if (partitionEnd(partition) > from) yield partition;
    }
  }

  /** Puts a row, or removes it when `stored` is undefined. */
  write(
    row: { readonly partition: EncodedKey; readonly sort: EncodedKey },
    stored: Uint8Array | undefined,
    isDurable: boolean,
  ): void {
    const { partition, sort } = row;
    const name = partition + sort;
    if (isDurable) this.#durableByRow.delete(name);
    else if (!this.#durableByRow.has(name)) {
      this.#durableByRow.set(name, { partition, sort, stored: this.rows(partition)?.get(sort) });
    }
    this.#put(partition, sort, stored);
  }

  #put(partition: EncodedKey, sort: EncodedKey, stored: Uint8Array | undefined): void {
    let rows = this.#partitions.get(partition);
    if (stored === undefined) {
      rows?.delete(sort);
      if (rows?.size === 0) {
        this.#partitions.delete(partition);
        this.#sortedPartitions = undefined;
      }
      return;
    }
    if (rows === undefined) {
      rows = new SortedRows();
      this.#partitions.set(partition, rows);
      this.#sortedPartitions = undefined;
    }
    rows.set(sort, stored);
  }
}

/** Tables in memory, for tests, the simulator and trials. They keep the contract of the port to the letter. */
export class MemoryTables implements Tables {
  readonly #store: MemoryTableStore;
  readonly #clock: Clock;
  readonly #crashesAtOpen: number;
  readonly #turns = new Turns();
  #isClosed = false;

  constructor(store: MemoryTableStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#crashesAtOpen = store.crashes;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#live(table, this.#store.rows(encodePartition(table, partition))?.get(encodeTuple(sort)));
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    return Promise.all(keys.map(({ partition, sort }) => this.find(table, partition, sort)));
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    this.#checkOpen();
    const bounds = sortBounds(query);
    const rows = this.#store.rows(encodePartition(query.table, query.partition));
    if (rows === undefined) return [];
    const { keys, start, end } = rows.between(bounds);
    const found: Row[] = [];
    for (let taken = start; taken < end && found.length < query.limit; taken++) {
      const key = keys[query.isDescending === true ? start + end - 1 - taken : taken];
      const value = key === undefined ? undefined : this.#live(query.table, rows.get(key));
      const sort = key === undefined ? undefined : decodeTuple(key);
      if (sort !== undefined && value !== undefined) found.push({ sort, value });
    }
    return found;
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    this.#checkOpen();
    const { from, before } = scanBounds(scan);
    const found: ScannedRow[] = [];
    for (const partition of this.#store.partitionsBetween(from, before)) {
      const rows = this.#store.rows(partition);
      if (rows === undefined) continue;
      const start = (from.startsWith(partition) ? from.slice(partition.length) : "") as EncodedKey;
      const stretch = rows.between({ from: start, before: SORT_KEYS_END });
      for (const sort of stretch.keys.slice(stretch.start, stretch.end)) {
        const stored = rows.get(sort);
        const value = this.#live(scan.table, stored);
        const key = decodeRowKey(scan.table, partition + sort);
        if (stored === undefined || value === undefined || key === undefined) continue;
        found.push({ ...key, value, ...storedExpiry(scan.table, stored) });
        if (found.length === scan.limit) return found;
      }
    }
    return found;
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    this.#checkOpen();
    // Everything is encoded before anything is written: an assertion that fails leaves nothing half done.
    const rows = batches.flatMap(({ partition, writes, conditions }) => {
      assert(conditions === undefined, "an engine meets no conditions");
      return writes.map((write) => encodeWrite(partition, write));
    });
    for (const row of rows) this.#store.write(row, row.stored, options.isDurable);
  }

  async appendRows(request: AppendRows): Promise<number> {
    return appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: (batch) => this.write([batch], request),
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #live(table: TableSpec, stored: Uint8Array | undefined): Uint8Array | undefined {
    if (stored === undefined) return undefined;
    const value = liveValue(table, stored, this.#clock.nowMs());
    return typeof value === "string" ? undefined : value;
  }

  #checkOpen(): void {
    if (this.#isClosed || this.#store.crashes !== this.#crashesAtOpen) {
      throw new Failure(
        "tables-closed",
        "The in-memory tables are closed; open them again over their store.",
      );
    }
  }
}

function encodeWrite(
  partition: Key,
  write: Write,
): { partition: EncodedKey; sort: EncodedKey; stored: Uint8Array | undefined } {
  return {
    partition: encodePartition(write.table, partition),
    sort: encodeTuple(write.sort),
    stored: write.kind === "put" ? storedValue(write) : undefined,
  };
}
