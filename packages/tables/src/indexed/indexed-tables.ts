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
import { assert, Failure, turn, type Clock, type Scheduler } from "@parley/base";
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
  Write,
} from "../tables.js";
import {
  GlobalIndexes,
  type GlobalIndexQuery,
  type GlobalLag,
  type GlobalMatch,
} from "./global/global-indexes.js";
import { planGroup } from "./group-plan.js";
import { IndexCatalog, type IndexStatus, statusOf } from "./index-catalog.js";
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
import { rowName, TouchedRows } from "./touched-rows.js";

/** Removes the first rows of a partition, in one batch with what is made of them. */
export type TrimRows = (
  place: { readonly table: TableSpec; readonly partition: Key },
  before: number,
  alongside: ((rows: readonly Row[]) => readonly Write[]) | undefined,
) => Promise<number>;

export interface IndexedTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  /** How the engine trims packed tables, if it does. */
  readonly trim?: TrimRows;
  /** All tables that have indexes. A table is indexed as it is declared here, whatever a write's own spec says. */
  readonly declared: readonly TableSpec[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Changes that the global indexes may be behind; beyond it writers wait. Default 1,000,000. */
  readonly queueRecordsMax?: number;
}

/**
 * Opens tables that keep the declared indexes. An index that the database does not know is readable at once when its table
 * is empty; otherwise it is to be built.
 * Errors: "tables-corrupt" and whatever reading and writing says.
 */
export async function openIndexedTables(options: IndexedTablesOptions): Promise<IndexedTables> {
  const catalog = await IndexCatalog.open(options.tables, options.declared);
  // Begins to work at once, so it comes last: nobody would end it if something failed after it.
  return new IndexedTables(options, catalog, await GlobalIndexes.open(options));
}

export class IndexedTables implements Tables, IndexReader {
  readonly #tables: Tables;
  readonly #catalog: IndexCatalog;
  readonly #sequencer: Sequencer;
  readonly #jobs: IndexJobs;
  readonly #globals: GlobalIndexes | undefined;
  readonly #trim: TrimRows | undefined;
  readonly #touched = new TouchedRows();
  readonly #turns = new Turns();
  #closing: Promise<void> | undefined;

  /** Use `openIndexedTables`. */
  constructor(
    { tables, trim, clock, scheduler }: IndexedTablesOptions,
    catalog: IndexCatalog,
    globals: GlobalIndexes | undefined,
  ) {
    this.#tables = tables;
    this.#catalog = catalog;
    this.#globals = globals;
    this.#trim = trim;
    const touched = this.#touched;
    const indexesOf = (tableName: string) => catalog.maintained(tableName);
    this.#sequencer = new Sequencer({
      isPlain: ({ writes, conditions }) =>
        conditions === undefined &&
        !writes.some(
          ({ table: { name } }) => catalog.isTouchedBy(name) || globals?.maintained(name) !== undefined,
        ),
      prepare: async (batches) => {
        await catalog.retireUndeclared(batches);
        return planGroup(batches, { tables, clock, scheduler, indexesOf, touched, globals });
      },
      write: (batches, writeOptions) => tables.write(batches, writeOptions),
      turn: () => turn(scheduler),
    });
    this.#jobs = new IndexJobs({
      tables,
      catalog,
      clock,
      scheduler,
      touched,
      alone: (task) => this.#sequencer.alone(task),
      join: (begin) => this.#sequencer.join(begin),
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
    const failure = notReady(statusOf(index));
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

  /**
   * Removes some of the rows of a packed table below a number, the first ones, and their entries in local indexes. A block that
   * reaches across the number stays. Returns about how many rows; 0 when there are none left.
   * Errors: asserts that the table has no global indexes, and that the engine trims; those of the engine.
   */
  async trim(table: TableSpec, partition: Key, before: number): Promise<number> {
    const trim = this.#trim;
    assert(trim !== undefined, "the engine trims packed tables");
    assert(
      this.#globals?.maintained(table.name) === undefined,
      "rows in global indexes are deleted one by one",
    );
    // Without indexes nobody has to be told which rows go.
    const hasIndexes = table.indexes !== undefined || this.#catalog.isTouchedBy(table.name);
    if (!hasIndexes) return trim({ table, partition }, before, undefined);
    return this.#sequencer.alone(async () => {
      await this.#catalog.retireUndeclared([
        { partition, writes: [{ kind: "delete", table, sort: [before] }] },
      ]);
      return trim({ table, partition }, before, (rows) => {
        for (const { sort } of rows) this.#touched.note(table.name, rowName(table, { partition, sort }));
        const indexes = this.#catalog.maintained(table.name) ?? [];
        return indexes.flatMap((index) =>
          rows.flatMap((row) =>
            index.rowsOf(row).map(({ sort }): Write => ({ kind: "delete", table: index.rows, sort })),
          ),
        );
      });
    });
  }

  /** What a global index finds. Errors: "index-unknown", "index-not-ready". */
  async queryGlobal(query: GlobalIndexQuery): Promise<readonly GlobalMatch[]> {
    this.#checkOpen();
    return this.#globalsOf(query.table.name, query.index).query(query);
  }

  /** How far the global indexes are behind the rows. */
  async globalLag(): Promise<GlobalLag> {
    this.#checkOpen();
    return this.#globals === undefined ? { records: 0, ageMs: 0, trouble: "" } : this.#globals.lag();
  }

  /** Resolves when the global indexes have what was written before the call. */
  async globalsFollowed(): Promise<void> {
    this.#checkOpen();
    await this.#globals?.followed();
  }

  /** What is known about each index that is declared. */
  indexStatus(): readonly IndexStatus[] {
    return [...this.#catalog.all(), ...(this.#globals?.all() ?? [])].map((index) => statusOf(index));
  }

  /**
   * Builds an index while writes go on, from where an earlier build was left, verifies it and makes it readable. Nothing is
   * to do when it is readable; but a global index is then built again, while it is read, which mends whatever is wrong with
   * it. Who calls again while a local index is being built waits for the same build.
   * Errors: "index-unknown"; "index-dropped" (it was dropped meanwhile); "index-damaged" (what was built is not right: a
   *   defect; its details tell what was found); "tables-closed" (call again after the next opening), those of the engine.
   */
  async buildIndex(name: IndexName, work: IndexWork = {}): Promise<void> {
    const globals = this.#globals;
    if (globals?.has(name) === true) await this.#jobs.run((access) => globals.build(name, work, access));
    else await this.#jobs.build(name, work);
  }

  /** Builds every index that is declared and not readable, and removes what is left of those that were dropped. */
  async completeIndexes(work: IndexWork = {}): Promise<void> {
    await this.#jobs.removeDropped(work);
    const globals = this.#globals;
    if (globals !== undefined) await this.#jobs.run((access) => globals.removeDropped(work, access));
    for (const { table, index, phase } of this.indexStatus()) {
      if (phase !== "readable") await this.buildIndex({ table, index }, work);
    }
  }

  /**
   * Makes an index unreadable at once, and then removes its entries, in chunks. After a crash `completeIndexes` or another
   * drop goes on with it.
   * Errors: "index-unknown"; "tables-closed"; those of the engine.
   */
  async dropIndex(name: IndexName, work: IndexWork = {}): Promise<void> {
    const globals = this.#globals;
    if (globals?.has(name) === true) await this.#jobs.run((access) => globals.drop(name, work, access));
    else await this.#jobs.drop(name, work);
  }

  /**
   * Compares a local index with its rows both ways while writes go on.
   * Errors: "index-unknown"; "index-not-ready"; "index-dropped"; "tables-closed"; those of the engine.
   */
  async verifyIndex({ table, index: indexName }: IndexName, work: IndexWork = {}): Promise<Verification> {
    const index = this.#catalog.find(table, indexName);
    if (!index.isReadable) throw notReady(statusOf(index));
    return this.#jobs.run((access) => verifyIndex(index, access, work));
  }

  /** Waits for the writes that were taken, ends builds where they are, and closes the engine. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#sequencer.close(), this.#jobs.stop(), this.#globals?.close()]);
    await this.#tables.close();
  }

  #globalsOf(table: string, index: string): GlobalIndexes {
    const globals = this.#globals;
    if (globals?.has({ table, index }) === true) return globals;
    throw new Failure("index-unknown", `The table ${table} declares no global index ${index}.`, {
      details: { table, index },
    });
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
