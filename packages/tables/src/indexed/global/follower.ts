/**
 * Brings the global indexes after the rows: works off the change queue, shard by shard, in order.
 *
 *   read records ─► read their rows as they are now ─► write entries, durably ─► forget the records
 *
 * Entries that are named and not right now are deleted, those that are right now are put. Doing it twice, or again after a
 * crash at any point, gives the same. A row that changes while it is looked at has a later record, which sees to it.
 */
import { messageOf, type Scheduler, type Timer } from "@parley/base";
import type { Batch, Key, RowKey, Tables, Write } from "../../tables.js";
import { encodeTuple } from "../../key-encoding.js";
import { rowName } from "../touched-rows.js";
import type { ChangeQueue, QueuedChange } from "./change-queue.js";
import { type GlobalIndex, placeName } from "./global-index.js";

/** Records worked off at a time. */
const RECORDS_MAX = 256;
/** After an error, such as a damaged row. */
const RETRY_MS = 1_000;

export interface FollowerOptions {
  readonly tables: Tables;
  readonly queue: ChangeQueue;
  readonly scheduler: Scheduler;
  /** The indexes of a table whose entries are kept up. */
  readonly indexesOf: (tableName: string) => readonly GlobalIndex[];
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #waiters = new Set<() => void>();
  #running: Promise<void> | undefined;
  #stepping: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  /** Something may have been queued behind the step that is under way. */
  #isWoken = false;
  #isStopped = false;
  #trouble = "";

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Why it does not get on; empty when it does. */
  get trouble(): string {
    return this.#trouble;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves when the step that is under way has ended. */
  async stepped(): Promise<void> {
    await this.#stepping;
  }

  /** There may be something to do. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#running ??= this.#run();
  }

  /**
   * Resolves when the queue has become shorter, or it stopped. Call it in the turn in which the queue was seen not to be
   * empty: what it waits for may be over later.
   */
  async progress(): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      this.#waiters.add(resolve);
      this.wake();
    });
  }

  /** Ends between two steps. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
    this.#tell();
  }

  // Never rejects: an error is tried again later, and told by `trouble`.
  async #run(): Promise<void> {
    const { queue, scheduler } = this.#options;
    await Promise.resolve();
    try {
      let isIdle = false;
      while (!this.#isStopped) {
        if (isIdle && !this.#isWoken) break;
        isIdle = true;
        this.#isWoken = false;
        for (let shard = 0; shard < queue.shards && !this.#isStopped; shard++) {
          const { length } = queue;
          const step = this.#step(shard);
          this.#stepping = step.catch(() => undefined);
          if (await step) isIdle = false;
          this.#trouble = "";
          if (!isIdle || queue.length < length) this.#tell();
        }
      }
    } catch (error) {
      this.#trouble = messageOf(error);
      if (!this.#isStopped) {
        this.#timer = scheduler.after(RETRY_MS, () => {
          this.#timer = undefined;
          this.wake();
        });
      }
    }
    this.#running = undefined;
  }

  #tell(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resolve of waiters) resolve();
  }

  /** Works off the next records of a shard. Returns whether there were any. */
  async #step(shard: number): Promise<boolean> {
    const { tables, queue } = this.#options;
    const records = await queue.read(shard, RECORDS_MAX);
    if (records.length === 0) return false;
    const batches = await this.#entries(records);
    if (batches.length > 0) await tables.write(batches, { isDurable: true });
    await queue.remove(shard, records);
    return true;
  }

  async #entries(records: readonly QueuedChange[]): Promise<readonly Batch[]> {
    const byTable = new Map<string, QueuedChange[]>();
    for (const record of records) {
      const list = byTable.get(record.table);
      if (list === undefined) byTable.set(record.table, [record]);
      else list.push(record);
    }
    const batches = new Map<string, { readonly partition: Key; readonly writes: Write[] }>();
    const add = (partition: Key, write: Write): void => {
      const name = encodeTuple(partition);
      const batch = batches.get(name);
      if (batch === undefined) batches.set(name, { partition, writes: [write] });
      else batch.writes.push(write);
    };
    for (const [tableName, list] of byTable) {
      const indexes = this.#options.indexesOf(tableName);
      if (indexes.length > 0) await this.#tableEntries(indexes, list, add);
    }
    return [...batches.values()];
  }

  async #tableEntries(
    indexes: readonly GlobalIndex[],
    records: readonly QueuedChange[],
    add: (partition: Key, write: Write) => void,
  ): Promise<void> {
    const { table } = indexes[0]!;
    const rows = new Map<string, RowKey>(records.map((record) => [rowName(table, record), record]));
    const values = await this.#options.tables.findMany(table, [...rows.values()]);
    const valueOf = new Map([...rows.keys()].map((name, position) => [name, values[position]]));
    for (const record of records) {
      const value = valueOf.get(rowName(table, record));
      for (const index of indexes) {
        const right = value === undefined ? [] : index.rowsOf(record.partition, { sort: record.sort, value });
        const places = new Set(right.map(placeName));
        for (const place of record.places[index.spec.name] ?? []) {
          if (!places.has(placeName(place)))
            add(place.partition, { kind: "delete", table: index.rows(), sort: place.sort });
        }
        for (const { partition, sort, value: included } of right)
          add(partition, { kind: "put", table: index.rows(), sort, value: included });
      }
    }
  }
}
