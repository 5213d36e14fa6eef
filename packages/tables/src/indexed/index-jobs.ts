/**
 * Building, dropping and removing, as work in the background: chunk, pause, chunk.
 *
 * The one race of a build is that a chunk writes an entry of a row which has been changed since the chunk read it. So
 *
 *   alone: begin to note which rows are written ─► read rows, work out entries ─► alone: write those of rows not noted
 *
 * What is noted needs nothing: in this phase a writer puts all entries of the row that it writes, not only those that have
 * changed. Writers wait for one write of a chunk, never for its reading.
 */
import { Failure, type Clock, type Scheduler } from "@parley/base";
import { Pauses } from "../pauses.js";
import type { Batch, RowKey, ScannedRow, Tables, Write } from "../tables.js";
import type { IndexCatalog, Remains } from "./index-catalog.js";
import { type IndexState, droppedState, stateBatch } from "./index-state.js";
import { verifyIndex } from "./index-verify.js";
import { checkPresent, type IndexAccess, type IndexName, type IndexWork } from "./index-work.js";
import { indexTable, type LocalIndex } from "./local-index.js";
import { rowName, type TouchedRows } from "./touched-rows.js";

/** Rows that are worked on at a time: what a writer may have to wait for. */
const CHUNK_ROWS = 512;
/** Of the time, what the work takes at most. */
const TIME_SHARE = 0.2;
/** A chunk also rests for as long as it had to wait for its turn: the more is being written, the less is built. */
const WAIT_REST_FACTOR = 1;
export interface IndexJobsOptions {
  readonly tables: Tables;
  readonly catalog: IndexCatalog;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly touched: TouchedRows;
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
}

/** How far a build has come in memory. */
interface Progress {
  cursor: RowKey | undefined;
  rowsDone: number;
}

interface Chunk {
  readonly rows: readonly ScannedRow[];
  /** Fewer rows are the end. */
  readonly rowsMax: number;
  /** Whether a row is as it was read. */
  readonly isStill: (row: RowKey) => boolean;
}

export class IndexJobs {
  readonly #options: IndexJobsOptions;
  readonly #access: IndexAccess;
  readonly #builds = new Map<LocalIndex, Promise<void>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #pauses: Pauses;
  /** How long chunks have waited for their turn, all together: waiting is no work. */
  #waitedMs = 0;

  constructor(options: IndexJobsOptions) {
    this.#options = options;
    const { tables, clock, scheduler } = options;
    this.#pauses = new Pauses(scheduler);
    this.#access = {
      tables,
      clock,
      alone: (task) => this.#alone(task),
      chunk: (work, task) => this.#chunk(work, task),
    };
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
    const progress: Progress = { cursor: index.state.cursor, rowsDone: index.state.rowsDone };
    const { generation } = index.state;
    for (let isDone = false; !isDone;) {
      isDone = await this.#chunk(work, async (rowsMax) => {
        const scan = { table: index.table, limit: rowsMax, ...afterOf(progress.cursor) };
        const { tables, touched: tracker } = this.#options;
        const touched = await this.#alone(async () => {
          checkPresent(index, generation);
          return tracker.begin(index.table.name);
        });
        try {
          const rows = await tables.scanTable(scan);
          return await this.#alone(async () => {
            checkPresent(index, generation);
            if (touched.isTooMany) {
              const again = await tables.scanTable(scan);
              return this.#fill(index, progress, { rows: again, rowsMax, isStill: () => true });
            }
            const isStill = (row: RowKey): boolean => !touched.has(rowName(index.table, row));
            return this.#fill(index, progress, { rows, rowsMax, isStill });
          });
        } finally {
          touched.end();
        }
      });
      const name = { table: index.table.name, index: index.spec.name };
      work.onProgress?.({ ...name, step: "building", done: progress.rowsDone });
    }
  }

  /**
   * Writes the entries of a chunk and moves on. The cursor that is stored lags a chunk, because it may become durable when
   * the entries beside it do not: they lie in other partitions. Returns whether it was the last chunk.
   */
  async #fill(index: LocalIndex, progress: Progress, { rows, rowsMax, isStill }: Chunk): Promise<boolean> {
    const { tables, catalog } = this.#options;
    const { cursor: _stored, ...rest } = index.state;
    const { cursor, rowsDone } = progress;
    const reached: IndexState = { ...rest, rowsDone, ...(cursor === undefined ? {} : { cursor }) };
    const name = { tableName: index.table.name, indexName: index.spec.name };
    const entries = entryBatches(index, rows.filter(isStill));
    await tables.write([...entries, stateBatch(name, reached)], { isDurable: true });
    catalog.adopt(index, reached);
    progress.rowsDone += rows.length;
    progress.cursor = placeOf(rows.at(-1)) ?? cursor;
    if (rows.length === rowsMax) return false;
    await catalog.change(index, { ...rest, rowsDone: progress.rowsDone, phase: "verifying" });
    return true;
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
    const table = indexTable(remains.table, remains.index, remains.generation);
    let after: RowKey | undefined;
    let done = 0;
    for (let isDone = false; !isDone;) {
      isDone = await this.#chunk(work, async (rowsMax) => {
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

  async #chunk<T>(work: IndexWork, task: (rowsMax: number) => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const beganMs = clock.monotonicMs();
    const waitedMs = this.#waitedMs;
    const result = await task(work.chunkRows ?? CHUNK_ROWS);
    const ownWaitMs = this.#waitedMs - waitedMs;
    const tookMs = Math.max(0, clock.monotonicMs() - beganMs - ownWaitMs);
    const { timeShare = TIME_SHARE } = work;
    // All of the time is asked for by those for whom nobody waits.
    await this.#pauses.pause(
      timeShare === 1 ? 0 : tookMs * (1 / timeShare - 1) + ownWaitMs * WAIT_REST_FACTOR,
    );
    return result;
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    const { clock, alone } = this.#options;
    const askedMs = clock.monotonicMs();
    return alone(async () => {
      this.#waitedMs += clock.monotonicMs() - askedMs;
      return task();
    });
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
