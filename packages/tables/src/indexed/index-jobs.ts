/**
 * Building, dropping and removing, as work in the background: chunk, pause, chunk. A chunk runs alone in the sequencer, so
 * no row changes between its reading and the writing of its entries.
 */
import { Failure, type Clock, type Scheduler, type Timer } from "@parley/base";
import type { Batch, RowKey, ScannedRow, Tables, Write } from "../tables.js";
import type { IndexCatalog, Remains } from "./index-catalog.js";
import { type IndexState, droppedState, stateBatch } from "./index-state.js";
import { verifyIndex } from "./index-verify.js";
import { checkPresent, type IndexAccess, type IndexName, type IndexWork } from "./index-work.js";
import { indexTable, type LocalIndex } from "./local-index.js";

/** Rows that are worked on at a time: what a writer may have to wait for. */
const CHUNK_ROWS = 256;
/** Of the time, what the work takes at most. */
const TIME_SHARE = 0.5;
export interface IndexJobsOptions {
  readonly tables: Tables;
  readonly catalog: IndexCatalog;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
}

export class IndexJobs {
  readonly #options: IndexJobsOptions;
  readonly #access: IndexAccess;
  readonly #builds = new Map<LocalIndex, Promise<void>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(options: IndexJobsOptions) {
    this.#options = options;
    const { tables, clock } = options;
    this.#access = { tables, clock, chunk: (work, task) => this.#chunk(work, task) };
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
    this.#isStopped = true;
    for (const wake of this.#pauses) wake();
    await Promise.all(this.#running);
  }

  async #build(index: LocalIndex, work: IndexWork): Promise<void> {
    const { catalog, alone } = this.#options;
    await alone(async () => {
      const { version, generation, phase, removing } = index.state;
      if (phase !== "absent") return;
      // Writers first only remove, so that nobody who still removes only ever misses what another puts.
      const state = { version, generation: generation + 1, rowsDone: 0, removing };
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

  /** Writes the entries of all rows. The cursor that is stored lags a chunk: it goes out after the entries it speaks of. */
  async #backfill(index: LocalIndex, work: IndexWork): Promise<void> {
    const { tables, catalog } = this.#options;
    const { generation } = index.state;
    let { cursor, rowsDone } = index.state;
    for (let isDone = false; !isDone;) {
      isDone = await this.#chunk(work, async (rowsMax) => {
        checkPresent(index, generation);
        const { cursor: _stored, ...rest } = index.state;
        const before: IndexState = { ...rest, rowsDone, ...(cursor === undefined ? {} : { cursor }) };
        const rows = await tables.scanTable({
          table: index.table,
          limit: rowsMax,
          ...(cursor === undefined ? {} : { after: cursor }),
        });
        const name = { tableName: index.table.name, indexName: index.spec.name };
        await tables.write([...entryBatches(index, rows), stateBatch(name, before)], { isDurable: true });
        catalog.adopt(index, before);
        rowsDone += rows.length;
        const last = rows.at(-1);
        if (last !== undefined) cursor = placeOf(last);
        if (rows.length === rowsMax) return false;
        await catalog.change(index, { ...rest, rowsDone, phase: "verifying" });
        return true;
      });
      work.onProgress?.({
        table: index.table.name,
        index: index.spec.name,
        step: "building",
        done: rowsDone,
      });
    }
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
          ...(after === undefined ? {} : { after }),
        });
        const deletes = batchesOf(rows, ({ sort }) => [{ kind: "delete", table, sort }]);
        if (deletes.length > 0) await tables.write(deletes, { isDurable: true });
        done += rows.length;
        const last = rows.at(-1);
        if (last !== undefined) after = placeOf(last);
        return rows.length < rowsMax;
      });
      work.onProgress?.({ table: remains.table.name, index: remains.index, step: "removing", done });
    }
    await alone(() => catalog.forget(remains));
  }

  async #chunk<T>(work: IndexWork, task: (rowsMax: number) => Promise<T>): Promise<T> {
    const { clock, alone } = this.#options;
    let tookMs = 0;
    const result = await alone(async () => {
      const beganMs = clock.monotonicMs();
      const done = await task(work.chunkRows ?? CHUNK_ROWS);
      tookMs = clock.monotonicMs() - beganMs;
      return done;
    });
    await this.#pause(tookMs * (1 / (work.timeShare ?? TIME_SHARE) - 1));
    return result;
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#isStopped) throw new Failure("tables-closed", "The tables are closed.");
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#pauses.delete(wake);
        resolve();
      };
      this.#pauses.add(wake);
      timer = this.#options.scheduler.after(delayMs, wake);
    });
    timer?.cancel();
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

function placeOf({ partition, sort }: RowKey): RowKey {
  return { partition, sort };
}
