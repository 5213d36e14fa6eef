/**
 * Tables that keep conditions and indexes, over any engine. See docs/subsystems/tables.md.
 *
 *   write ─► sequencer ─► planGroup: conditions, index rows ─► engine, still one batch for each partition
 *   queryIndex ─► the index rows of the partition
 *   build, drop, verify ─► chunks, each alone in the sequencer
 *
 * Invariants:
 *   1. An index row is written in the same batch as the row it comes from.
 *   2. In the phases that maintain an index, no write to its table passes by; it is readable only when every row has its
 *      entries and no entry is without its row.
 *   3. What the database says about an index is durable before it is acted upon.
 */
import { Failure, type Clock, type Scheduler } from "@parley/base";
import { appendInTurn, Turns } from "../append-rows.js";
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
import { planGroup } from "./group-plan.js";
import { IndexCatalog, type IndexStatus } from "./index-catalog.js";
import { IndexJobs } from "./index-jobs.js";
import {
  findIndexSpec,
  type IndexMatch,
  type IndexQuery,
  type IndexReader,
  matchOf,
  scanForIndex,
} from "./index-query.js";
import { type Verification, verifyIndex } from "./index-verify.js";
import type { IndexName, IndexWork } from "./index-work.js";
import { Sequencer } from "./sequencer.js";
import { TouchedRows } from "./touched-rows.js";

export interface IndexedTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  /** All tables that have indexes. A table is indexed as it is declared here, whatever a write's own spec says. */
  readonly declared: readonly TableSpec[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/**
 * Opens tables that keep the declared indexes. An index that the database does not know is readable at once when its table
 * is empty; otherwise it is to be built.
 * Errors: "tables-corrupt" and whatever reading and writing says.
 */
export async function openIndexedTables(options: IndexedTablesOptions): Promise<IndexedTables> {
  return new IndexedTables(options, await IndexCatalog.open(options.tables, options.declared));
}

export class IndexedTables implements Tables, IndexReader {
  readonly #tables: Tables;
  readonly #catalog: IndexCatalog;
  readonly #sequencer: Sequencer;
  readonly #jobs: IndexJobs;
  readonly #turns = new Turns();
  #closing: Promise<void> | undefined;

  /** Use `openIndexedTables`. */
  constructor({ tables, clock, scheduler }: IndexedTablesOptions, catalog: IndexCatalog) {
    this.#tables = tables;
    this.#catalog = catalog;
    const touched = new TouchedRows();
    const indexesOf = (tableName: string) => catalog.maintained(tableName);
    this.#sequencer = new Sequencer({
      isPlain: ({ writes, conditions }) =>
        conditions === undefined && !writes.some(({ table }) => catalog.isTouchedBy(table.name)),
      prepare: async (batches) => {
        await catalog.retireUndeclared(batches);
        return planGroup(batches, { tables, clock, scheduler, indexesOf, touched });
      },
      write: (batches, writeOptions) => tables.write(batches, writeOptions),
    });
    this.#jobs = new IndexJobs({
      tables,
      catalog,
      clock,
      scheduler,
      touched,
      alone: (task) => this.#sequencer.alone(task),
    });
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#tables.find(table, partition, sort);
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#checkOpen();
    return this.#tables.findMany(table, keys);
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    this.#checkOpen();
    return this.#tables.range(query);
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    this.#checkOpen();
    return this.#tables.scanTable(scan);
  }

  async queryIndex(query: IndexQuery): Promise<readonly IndexMatch[]> {
    this.#checkOpen();
    findIndexSpec(query.table, query.index);
    const index = this.#catalog.find(query.table.name, query.index);
    const { generation } = index.state;
    if (index.isReadable) {
      const { index: _index, scanRowsMax: _scanRowsMax, ...range } = query;
      const rows = await this.#tables.range({ ...range, table: index.rows });
      // If it was dropped meanwhile, some of its entries may have gone already.
      if (index.isReadable && index.state.generation === generation)
        return rows.map((row) => matchOf(index.spec, row));
    }
    const failure = notReady(this.#catalog.statusOf(index));
    if (query.scanRowsMax === undefined) throw failure;
    return scanForIndex(query, (rest) => this.#tables.range(rest), failure);
  }

  /**
   * As the port's, each batch by itself.
   * Errors: also "condition-failed", when a batch's condition was not met: nothing of that batch is written, and all others
   *   of the call are; "tables-busy".
   */
  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    await this.#sequencer.write(batches, options);
  }

  async appendRows(request: AppendRows): Promise<number> {
    this.#checkOpen();
    return appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: (batch) => this.write([batch], request),
    });
  }

  /** What is known about each index that is declared. */
  indexStatus(): readonly IndexStatus[] {
    return this.#catalog.all().map((index) => this.#catalog.statusOf(index));
  }

  /**
   * Builds an index while writes go on, from where an earlier build was left, verifies it and makes it readable. Nothing is
   * to do when it is readable. Who calls again while it is being built waits for the same build.
   * Errors: "index-unknown"; "index-dropped" (it was dropped meanwhile); "index-damaged" (what was built is not right: a
   *   defect; its details tell what was found); "tables-closed" (call again after the next opening), those of the engine.
   */
  buildIndex(name: IndexName, work: IndexWork = {}): Promise<void> {
    return this.#jobs.build(name, work);
  }

  /** Builds every index that is declared and not readable, and removes what is left of those that were dropped. */
  async completeIndexes(work: IndexWork = {}): Promise<void> {
    await this.#jobs.removeDropped(work);
    for (const { table, spec, isReadable } of this.#catalog.all()) {
      if (!isReadable) await this.#jobs.build({ table: table.name, index: spec.name }, work);
    }
  }

  /**
   * Makes an index unreadable at once, and then removes its entries, in chunks. After a crash `completeIndexes` or another
   * drop goes on with it.
   * Errors: "index-unknown"; "tables-closed"; those of the engine.
   */
  dropIndex(name: IndexName, work: IndexWork = {}): Promise<void> {
    return this.#jobs.drop(name, work);
  }

  /**
   * Compares an index with its rows both ways while writes go on.
   * Errors: "index-unknown"; "index-not-ready"; "index-dropped"; "tables-closed"; those of the engine.
   */
  async verifyIndex({ table, index: indexName }: IndexName, work: IndexWork = {}): Promise<Verification> {
    const index = this.#catalog.find(table, indexName);
    if (!index.isReadable) throw notReady(this.#catalog.statusOf(index));
    return this.#jobs.run((access) => verifyIndex(index, access, work));
  }

  /** Waits for the writes that were taken, ends builds where they are, and closes the engine. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#sequencer.close(), this.#jobs.stop()]);
    await this.#tables.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new Failure("tables-closed", "The tables are closed.");
  }
}

function notReady(status: IndexStatus): Failure {
  const { table, index, phase, rowsDone } = status;
  return new Failure(
    "index-not-ready",
    `The index ${index} of ${table} is ${phase}, not readable. Build it, or wait until it is built.`,
    { retry: "same", details: { table, index, phase, rowsDone } },
  );
}
