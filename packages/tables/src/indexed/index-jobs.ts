/**
 * Building, dropping and removing, as work in the background: chunk, rest, chunk.
 *
 * The one race of a build is that a chunk writes an entry of a row which has been changed since the chunk read it. So
 *
 *   begin to note which rows are written ─► read rows, work out entries ─► with the next group: write those of rows not noted
 *              ▲                                                                                        │
 *              └──────────────────────── the next chunk's notes begin there ────────────────────────────┘
 *
 * What is noted needs nothing: in this phase a writer puts all entries of the row that it writes, not only those that have
 * changed. What a group writes is noted before it is known what joins it, and is written before the next chunk is read. The
 * chunk goes down with the group, so writers wait for neither a write nor a sync of it.
 */
import { Failure, type Clock, type Scheduler } from "@parley/base";
import { Pauses } from "../pauses.js";
import type { Batch, RowKey, ScannedRow, Tables, Write } from "../tables.js";
import type { IndexCatalog, Remains } from "./index-catalog.js";
import { type IndexState, droppedState, stateBatch } from "./index-state.js";
import { IndexPace } from "./index-pace.js";
import { verifyIndex } from "./index-verify.js";
import { checkPresent, type IndexAccess, type IndexName, type IndexWork } from "./index-work.js";
import { indexTable, type LocalIndex } from "./local-index.js";
import type { Joining } from "./sequencer.js";
import { rowName, type Touched, type TouchedRows } from "./touched-rows.js";

export interface IndexJobsOptions {
  readonly tables: Tables;
  readonly catalog: IndexCatalog;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly touched: TouchedRows;
  /** Runs a task while nothing is written. */
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
  /** Writes with the next group of writes; see `Sequencer.join`. */
  readonly join: (begin: () => Joining | undefined) => Promise<boolean>;
}

/** A build under way. */
interface Backfill {
  readonly index: LocalIndex;
  readonly generation: number;
  /** Up to where rows have their entries. */
  cursor: RowKey | undefined;
  rowsDone: number;
  /** What was written since the rows that come next may be read. */
  touched: Touched;
}

export class IndexJobs {
  readonly #options: IndexJobsOptions;
  readonly #access: IndexAccess;
  readonly #builds = new Map<LocalIndex, Promise<void>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #pauses: Pauses;

  constructor(options: IndexJobsOptions) {
    this.#options = options;
    const { tables, clock, scheduler, alone } = options;
    const pauses = new Pauses(scheduler);
    this.#pauses = pauses;
    this.#access = { tables, clock, alone, pace: (work) => new IndexPace({ ...options, pauses }, work) };
  }

  /** Runs work that `stop` waits for. */
  async run<T>(task: (access: IndexAccess) => Promise<T>): Promise<T> {
    const running = task(this.#access);
    const settled = running.catch(() => undefined).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
    return running;
  }

  async build({ table, index: indexName }: IndexName, work: IndexWork): Promise<void> {
    const index = this.#options.catalog.find(table, indexName);
    let build = this.#builds.get(index);
    if (build === undefined) {
      build = this.run(() => this.#build(index, work)).finally(() => this.#builds.delete(index));
      this.#builds.set(index, build);
    }
    await build;
  }

  async drop({ table, index: indexName }: IndexName, work: IndexWork): Promise<void> {
    const { catalog, alone } = this.#options;
    const index = catalog.find(table, indexName);
    await alone(async () => {
      if (index.state.phase !== "absent") await catalog.change(index, droppedState(index.state));
    });
    await this.removeDropped(work);
  }

  /** Removes the entries of all generations that are no longer used. */
  async removeDropped(work: IndexWork): Promise<void> {
    for (const remains of this.#options.catalog.remains()) await this.run(() => this.#remove(remains, work));
  }

  /** Ends what is under way: it meets "tables-closed". Resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#pauses.stop();
    await Promise.all(this.#running);
  }

  async #build(index: LocalIndex, work: IndexWork): Promise<void> {
    const { catalog, alone } = this.#options;
    await alone(async () => {
      const { version, generation, phase, removing, stored } = index.state;
      if (phase !== "absent") return;
      // Writers first only remove, so that nobody who still removes only ever misses what another puts.
      const state = { version, generation: generation + 1, rowsDone: 0, removing, stored };
      await catalog.change(index, { ...state, phase: "delete-only" });
    });
    const { generation } = index.state;
    await alone(async () => {
      checkPresent(index, generation);
      if (index.state.phase === "delete-only")
        await catalog.change(index, { ...index.state, phase: "write-only" });
    });
    if (index.state.phase === "write-only") await this.#backfill(index, work);
    if (index.state.phase === "verifying") await this.#verify(index, work);
  }

  /** Writes the entries of all rows. */
  async #backfill(index: LocalIndex, work: IndexWork): Promise<void> {
    const { catalog, touched: tracker, alone } = this.#options;
    const { generation, cursor, rowsDone } = index.state;
    const pace = this.#access.pace(work);
    const touched = await alone(async () => {
      checkPresent(index, generation);
      return tracker.begin(index.table.name);
    });
    const backfill: Backfill = { index, generation, cursor, rowsDone, touched };
    try {
      for (let isDone = false; !isDone;) {
        isDone = await pace.chunk((rowsMax) => this.#fill(backfill, pace, rowsMax));
        const name = { table: index.table.name, index: index.spec.name };
        work.onProgress?.({ ...name, step: "building", done: backfill.rowsDone });
      }
    } finally {
      backfill.touched.end();
    }
    await alone(async () => {
      checkPresent(index, generation);
      const { cursor: _stored, ...rest } = index.state;
      await catalog.change(index, { ...rest, rowsDone: backfill.rowsDone, phase: "verifying" });
    });
  }

  /** Reads a chunk and writes its entries. Returns whether it was the last one. */
  async #fill(backfill: Backfill, pace: IndexPace, rowsMax: number): Promise<boolean> {
    const { tables } = this.#options;
    const { index, generation } = backfill;
    const scan = { table: index.table, limit: rowsMax, ...afterOf(backfill.cursor) };
    const rows = await tables.scanTable(scan);
    const hasJoined = await pace.join(() => {
      checkPresent(index, generation);
      if (backfill.touched.isTooMany) return undefined;
      const isStill = (row: RowKey): boolean => !backfill.touched.has(rowName(index.table, row));
      return this.#filled(backfill, rows, isStill);
    });
    if (hasJoined) return rows.length < rowsMax;
    return pace.alone(async () => {
      checkPresent(index, generation);
      const again = await tables.scanTable(scan);
      const { batches, onWritten } = this.#filled(backfill, again, () => true);
      await tables.write(batches, { isDurable: true });
      onWritten();
      return again.length < rowsMax;
    });
  }

  /**
   * The entries of those rows of a chunk that are as they were read. The cursor that is stored with them lags a chunk, because
   * it may become durable when the entries beside it do not: they lie in other partitions.
   */
  #filled(backfill: Backfill, rows: readonly ScannedRow[], isStill: (row: RowKey) => boolean): Joining {
    const { catalog, touched: tracker } = this.#options;
    const { index, rowsDone, cursor } = backfill;
    const { cursor: _stored, ...rest } = index.state;
    const reached: IndexState = { ...rest, rowsDone, ...(cursor === undefined ? {} : { cursor }) };
    const name = { tableName: index.table.name, indexName: index.spec.name };
    const batches = [...entryBatches(index, rows.filter(isStill)), stateBatch(name, reached)];
    const touched = tracker.begin(index.table.name);
    backfill.touched.end();
    backfill.touched = touched;
    return {
      batches,
      onWritten: () => {
        catalog.adopt(index, reached);
        backfill.rowsDone += rows.length;
        backfill.cursor = placeOf(rows.at(-1)) ?? cursor;
      },
    };
  }

  async #verify(index: LocalIndex, work: IndexWork): Promise<void> {
    const { catalog, alone } = this.#options;
    const { generation } = index.state;
    const found = await verifyIndex(index, this.#access, work);
    await alone(async () => {
      checkPresent(index, generation);
      const isRight = found.missing + found.extra + found.different === 0;
      await catalog.change(
        index,
        isRight ? { ...index.state, phase: "readable" } : droppedState(index.state),
      );
    });
    if (index.isReadable) return;
    const { missing, extra, different } = found;
    throw new Failure(
      "index-damaged",
      `The index ${index.spec.name} of ${index.table.name} was built and is not right, so it is not used. ` +
        "Verify the tables, and report this: it is a defect.",
      { details: { missing, extra, different } },
    );
  }

  async #remove(remains: Remains, work: IndexWork): Promise<void> {
    const { tables, catalog, alone } = this.#options;
    // How they were declared does not matter any more.
    const table = indexTable(remains.table, { name: remains.index, isKeysOnly: true }, remains.generation);
    const pace = this.#access.pace(work);
    let after: RowKey | undefined;
    let done = 0;
    for (let isDone = false; !isDone;) {
      isDone = await pace.chunk(async (rowsMax) => {
        const rows = await tables.scanTable({
          table,
          limit: rowsMax,
          ...afterOf(after),
        });
        const deletes = batchesOf(rows, ({ sort }) => [{ kind: "delete", table, sort }]);
        if (deletes.length > 0) await tables.write(deletes, { isDurable: true });
        done += rows.length;
        after = placeOf(rows.at(-1)) ?? after;
        return rows.length < rowsMax;
      });
      work.onProgress?.({ table: remains.table.name, index: remains.index, step: "removing", done });
    }
    await alone(() => catalog.forget(remains));
  }
}

function entryBatches(index: LocalIndex, rows: readonly ScannedRow[]): readonly Batch[] {
  const table = index.rows;
  return batchesOf(rows, (row) =>
    index.rowsOf(row).map(({ sort, value }) => ({
      kind: "put",
      table,
      sort,
      value,
      ...(row.expiresAtMs === undefined ? {} : { expiresAtMs: row.expiresAtMs }),
    })),
  );
}

/** One batch for each partition that has writes; the rows of a partition follow each other. */
function batchesOf(
  rows: readonly ScannedRow[],
  writesOf: (row: ScannedRow) => readonly Write[],
): readonly Batch[] {
  const batches: { partition: ScannedRow["partition"]; writes: Write[] }[] = [];
  for (const row of rows) {
    const writes = writesOf(row);
    if (writes.length === 0) continue;
    const last = batches.at(-1);
    const isSame =
      last !== undefined &&
      last.partition.length === row.partition.length &&
      last.partition.every((part, position) => part === row.partition[position]);
    if (isSame) last.writes.push(...writes);
    else batches.push({ partition: row.partition, writes: [...writes] });
  }
  return batches;
}

function placeOf(row: RowKey | undefined): RowKey | undefined {
  return row === undefined ? undefined : { partition: row.partition, sort: row.sort };
}

function afterOf(after: RowKey | undefined): { readonly after?: RowKey } {
  return after === undefined ? {} : { after };
}
