/**
 * Global indexes: what is changed is queued before it is written, and followed some time later.
 *
 *   write ─► change records, durable ─► the rows ─► settled ─► follower ─► entries, records forgotten
 *   build ─► a record for each row and, when there are entries already, for each entry ─► the same follower
 */
import { assert, Failure, type Clock, type Scheduler } from "@parley/base";
import type { Batch, Key, RowKey, Tables, TableSpec } from "../../tables.js";
import { checkPresent, type IndexAccess, type IndexName, type IndexWork } from "../index-work.js";
import {
  droppedState,
  type IndexState,
  readIndexStates,
  unknownState,
  writeIndexState,
} from "../index-state.js";
import { ChangeQueue, type RowChangeRecord } from "./change-queue.js";
import { Follower } from "./follower.js";
import { GlobalIndex, isSameEntries } from "./global-index.js";

/** Records that a build lets wait, so that writers' own are not long behind. */
const BUILD_LAG_MAX = 5_000;
/** Records that may wait; beyond it writers do. */
const QUEUE_RECORDS_MAX = 1_000_000;

/** A range of a global index within one of its own partitions. */
export interface GlobalIndexQuery {
  readonly table: TableSpec;
  readonly index: string;
  /** Of the entries, not of the rows. */
  readonly partition: Key;
  readonly from?: Key;
  readonly before?: Key;
  readonly isDescending?: boolean;
  readonly limit: number;
}

/** What a global index finds: perhaps not yet what was written last. */
export interface GlobalMatch extends RowKey {
  /** The entry's place in the index: continue `from` its `successor`, or `before` it. */
  readonly place: Key;
  readonly key: Key;
  readonly included: Uint8Array;
}

/** How far the global indexes are behind the rows. */
export interface GlobalLag {
  readonly records: number;
  /** Age of the oldest record; 0 when none waits. */
  readonly ageMs: number;
  /** Why nothing is worked off; empty when all is well. */
  readonly trouble: string;
}

export interface GlobalIndexesOptions {
  readonly tables: Tables;
  readonly declared: readonly TableSpec[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Records of changes that may wait; beyond it writers wait. Default 1,000,000. */
  readonly queueRecordsMax?: number | undefined;
}

interface Walk {
  readonly index: GlobalIndex;
  readonly generation: number;
  readonly walked: TableSpec;
  readonly cursor: RowKey | undefined;
  readonly isFirst: boolean;
}

export class GlobalIndexes {
  readonly #options: GlobalIndexesOptions;
  readonly #queue: ChangeQueue;
  readonly #follower: Follower;
  readonly #byTable = new Map<string, readonly GlobalIndex[]>();
  readonly #maintained = new Map<string, readonly GlobalIndex[]>();

  private constructor(options: GlobalIndexesOptions, queue: ChangeQueue, indexes: readonly GlobalIndex[]) {
    this.#options = options;
    this.#queue = queue;
    for (const index of indexes) {
      const { name } = index.table;
      this.#byTable.set(name, [...(this.#byTable.get(name) ?? []), index]);
    }
    for (const tableName of this.#byTable.keys()) this.#refresh(tableName);
    const { tables, scheduler } = options;
    const indexesOf = (tableName: string): readonly GlobalIndex[] => this.maintained(tableName) ?? [];
    this.#follower = new Follower({ tables, queue, scheduler, indexesOf });
    this.#follower.wake();
  }

  /** Undefined when no table declares a global index. */
  static async open(options: GlobalIndexesOptions): Promise<GlobalIndexes | undefined> {
    const { tables, declared } = options;
    const indexes: GlobalIndex[] = [];
    for (const table of declared) {
      if (table.globalIndexes === undefined) continue;
      const known = await readIndexStates(tables, table.name);
      for (const spec of table.globalIndexes) {
        const index = new GlobalIndex(table, spec, known.get(spec.name) ?? unknownState(spec.version, spec));
        await settle(tables, index);
        indexes.push(index);
      }
    }
    return indexes.length === 0
      ? undefined
      : new GlobalIndexes(options, await ChangeQueue.open(tables), indexes);
  }

  /** The indexes of a table whose entries are kept up, undefined when there are none. */
  maintained(tableName: string): readonly GlobalIndex[] | undefined {
    return this.#maintained.get(tableName);
  }

  /** What has to be noted when a row is changed; undefined when no index is touched. */
  changeOf(
    table: TableSpec,
    { partition, sort }: RowKey,
    values: { readonly before: Uint8Array | undefined; readonly after: Uint8Array | undefined },
  ): RowChangeRecord | undefined {
    const places: Record<string, readonly RowKey[]> = {};
    let isTouched = false;
    for (const index of this.maintained(table.name) ?? []) {
      const entries = [values.before, values.after].map((value) =>
        value === undefined ? [] : index.rowsOf(partition, { sort, value }),
      );
      const [before = [], after = []] = entries;
      if (isSameEntries(before, after)) continue;
      isTouched = true;
      places[index.spec.name] = [...before, ...after].map(keyOf);
    }
    return isTouched ? { table: table.name, partition, sort, places } : undefined;
  }

  /** The records of changes, to be written before them. Waits while too many wait already. */
  async queued(changes: readonly RowChangeRecord[]): Promise<readonly Batch[]> {
    while (this.#queue.length >= (this.#options.queueRecordsMax ?? QUEUE_RECORDS_MAX))
      await this.#follower.progress();
    return this.#queue.add(changes, this.#options.clock.nowMs());
  }

  /** The changes of all records so far are written. */
  settled(): void {
    this.#queue.settle();
    this.#follower.wake();
  }

  /** Errors: "index-unknown", "index-not-ready". */
  async query(query: GlobalIndexQuery): Promise<readonly GlobalMatch[]> {
    const index = this.#find(query.table.name, query.index);
    const { phase, generation, rowsDone } = index.state;
    if (phase !== "readable") {
      throw new Failure(
        "index-not-ready",
        `The index ${query.index} of ${query.table.name} is ${phase}, not readable.`,
        {
          retry: "same",
          details: { table: query.table.name, index: query.index, phase, rowsDone },
        },
      );
    }
    const { index: _index, ...range } = query;
    const rows = await this.#options.tables.range({ ...range, table: index.rows(generation) });
    return rows.map(({ sort, value }) => ({
      ...index.targetOf(sort),
      place: sort,
      key: sort.slice(0, index.spec.keyParts),
      included: value,
    }));
  }

  /** How far the indexes are behind. */
  async lag(): Promise<GlobalLag> {
    const oldestMs = await this.#queue.oldestMs();
    const ageMs = oldestMs === undefined ? 0 : Math.max(0, this.#options.clock.nowMs() - oldestMs);
    return { records: this.#queue.length, ageMs, trouble: this.#follower.trouble };
  }

  /** Resolves when what was queued before the call is worked off, or the follower stopped. */
  async followed(): Promise<void> {
    const marks = this.#queue.marks();
    while (!this.#queue.isPast(marks) && !this.#follower.isStopped) await this.#follower.progress();
  }

  /**
   * Builds an index, or builds a readable one again while it is read: every row and every entry is looked at once more.
   * Errors: "index-unknown"; "index-dropped"; "tables-closed"; those of the engine.
   */
  async build(
    { table: tableName, index: indexName }: IndexName,
    work: IndexWork,
    access: IndexAccess,
  ): Promise<void> {
    const index = this.#find(tableName, indexName);
    await access.alone(async () => {
      const { phase, generation } = index.state;
      if (phase === "absent")
        await this.#change(index, {
          ...index.state,
          generation: generation + 1,
          phase: "write-only",
          rowsDone: 0,
        });
    });
    const { generation, phase, cursor } = index.state;
    const isFirst = phase !== "readable";
    await this.#walk({ index, generation, walked: index.table, cursor, isFirst }, work, access);
    if (!isFirst)
      await this.#walk({ index, generation, walked: index.rows(), cursor: undefined, isFirst }, work, access);
    await this.followed();
    await access.alone(async () => {
      checkPresent(index, generation);
      const { cursor: _cursor, ...rest } = index.state;
      if (isFirst) await this.#change(index, { ...rest, phase: "readable" });
    });
  }

  /** Makes an index unreadable, and removes its entries and those of older generations. */
  async drop(
    { table: tableName, index: indexName }: IndexName,
    work: IndexWork,
    access: IndexAccess,
  ): Promise<void> {
    const index = this.#find(tableName, indexName);
    await access.alone(() => this.#change(index, droppedState(index.state)));
    await this.removeDropped(work, access);
  }

  /** Removes what is left of generations that are no longer used. */
  async removeDropped(work: IndexWork, { tables, alone, pace }: IndexAccess): Promise<void> {
    // A step that began before a drop may put entries behind the removal.
    await this.#follower.stepped();
    for (const index of this.all()) {
      for (const generation of index.state.removing) {
        const table = index.rows(generation);
        const walk = pace(work);
        let after: RowKey | undefined;
        for (let isDone = false; !isDone;) {
          isDone = await walk.chunk(async (limit) => {
            const rows = await tables.scanTable({ table, limit, ...(after === undefined ? {} : { after }) });
            const deletes = rows.map(({ partition, sort }): Batch => ({
              partition,
              writes: [{ kind: "delete", table, sort }],
            }));
            if (deletes.length > 0) await tables.write(deletes, { isDurable: true });
            after = rows.length === 0 ? after : keyOf(rows.at(-1)!);
            return rows.length < limit;
          });
        }
        await alone(() => {
          const removing = index.state.removing.filter((each) => each !== generation);
          return this.#change(index, { ...index.state, removing });
        });
      }
    }
  }

  has({ table, index }: IndexName): boolean {
    return this.#byTable.get(table)?.some(({ spec }) => spec.name === index) === true;
  }

  /** All indexes that are declared. */
  all(): readonly GlobalIndex[] {
    return [...this.#byTable.values()].flat();
  }

  async close(): Promise<void> {
    await this.#follower.stop();
  }

  /** Queues a record for each row, of the table or of the index. The first build keeps how far it has come. */
  async #walk(
    { index, generation, walked, cursor, isFirst }: Walk,
    work: IndexWork,
    access: IndexAccess,
  ): Promise<void> {
    const name = { table: index.table.name, index: index.spec.name };
    let after = isFirst ? cursor : undefined;
    let done = isFirst ? index.state.rowsDone : 0;
    const pace = access.pace(work);
    for (let isDone = false; !isDone;) {
      while (this.#queue.length > BUILD_LAG_MAX && !this.#follower.isStopped) await this.#follower.progress();
      isDone = await pace.chunk((limit) =>
        pace.alone(async () => {
          checkPresent(index, generation);
          const scan = { table: walked, limit, ...(after === undefined ? {} : { after }) };
          const rows = await access.tables.scanTable(scan);
          const isOfTable = walked.name === index.table.name;
          const records = rows.map((row) =>
            isOfTable ? recordOfRow(index, row) : recordOfEntry(index, row),
          );
          const batches = await this.queued(records);
          if (batches.length > 0) await access.tables.write(batches, { isDurable: true });
          this.settled();
          after = rows.length === 0 ? after : keyOf(rows.at(-1)!);
          done += rows.length;
          if (isFirst)
            await this.#change(index, {
              ...index.state,
              rowsDone: done,
              ...(after === undefined ? {} : { cursor: after }),
            });
          return rows.length < limit;
        }),
      );
      work.onProgress?.({ ...name, step: "building", done });
    }
  }

  #find(tableName: string, indexName: string): GlobalIndex {
    const found = this.#byTable.get(tableName)?.find(({ spec }) => spec.name === indexName);
    if (found !== undefined) return found;
    throw new Failure(
      "index-unknown",
      `No global index ${indexName} is declared for the table ${tableName}.`,
      {
        details: { table: tableName, index: indexName },
      },
    );
  }

  async #change(index: GlobalIndex, state: IndexState): Promise<void> {
    const name = { tableName: index.table.name, indexName: index.spec.name };
    await writeIndexState(this.#options.tables, name, state);
    index.state = state;
    this.#refresh(index.table.name);
  }

  #refresh(tableName: string): void {
    const kept = (this.#byTable.get(tableName) ?? []).filter(({ state }) => state.phase !== "absent");
    if (kept.length > 0) this.#maintained.set(tableName, kept);
    else this.#maintained.delete(tableName);
  }
}

async function settle(tables: Tables, index: GlobalIndex): Promise<void> {
  const { table, spec, state } = index;
  const isCurrent = state.version === spec.version;
  if (isCurrent && state.phase !== "absent") return;
  const [row] = await tables.scanTable({ table, limit: 1 });
  if (row !== undefined && isCurrent) return;
  const old: IndexState = { ...droppedState(state), version: spec.version };
  const next: IndexState =
    row === undefined ? { ...old, generation: old.generation + 1, phase: "readable" } : old;
  assert(next.phase === "readable" || next.phase === "absent", "an index begins readable or absent");
  await writeIndexState(tables, { tableName: table.name, indexName: spec.name }, next);
  index.state = next;
}

function keyOf({ partition, sort }: RowKey): RowKey {
  return { partition, sort };
}

function recordOfRow({ table }: GlobalIndex, { partition, sort }: RowKey): RowChangeRecord {
  return { table: table.name, partition, sort, places: {} };
}

function recordOfEntry(index: GlobalIndex, entry: RowKey): RowChangeRecord {
  const places = { [index.spec.name]: [keyOf(entry)] };
  return { table: index.table.name, ...index.targetOf(entry.sort), places };
}
