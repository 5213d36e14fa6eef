/**
 * What was changed and may not be in the global indexes yet: rows of its own table, written before the change itself.
 *
 *   table index-change, partition (shard), sort ("r", number), value JSON:
 *   {"format":1,"timeMs":1793491200000,"table":"account","partition":["main"],"sort":["ann"],
 *    "places":{"mail":[{"partition":["main"],"sort":["ann@x.org","main","ann"]}]}}
 *
 * `places` names where entries of the row were or may be: whoever works it off looks at the row as it is then, so a record
 * is right whether its change came to be or not. All records of a row lie in one shard, in the order of its changes.
 *
 * A record may be worked off when its change is written or never will be (`settledEnd`): before that the row would still be
 * seen as it was, and the record forgotten.
 */
import { Failure, partitionOf } from "@parley/base";
import { encodeTuple } from "../../key-encoding.js";
import type { Batch, Key, RowKey, Tables, TableSpec, Write } from "../../tables.js";

export const INDEX_CHANGE: TableSpec = { name: "index-change", keyOwner: "installation" };
const SHARDS = 8;
const FORMAT = 1;

/** A change of a row of a table with global indexes. */
export interface RowChangeRecord extends RowKey {
  readonly table: string;
  /** By the name of the index. */
  readonly places: Readonly<Record<string, readonly RowKey[]>>;
}

/** A record with its place in the queue. */
export interface QueuedChange extends RowChangeRecord {
  readonly number: number;
  readonly timeMs: number;
}

export class ChangeQueue {
  readonly #tables: Tables;
  /** By shard: the last number given, the first that is not settled, the first that is not worked off. */
  readonly #last: number[];
  readonly #settledEnd: number[];
  readonly #next: number[];

  private constructor(tables: Tables, first: readonly number[], last: readonly number[]) {
    this.#tables = tables;
    this.#last = [...last];
    // Nothing that was begun before an opening will still be written.
    this.#settledEnd = last.map((number) => number + 1);
    this.#next = [...first];
  }

  static async open(tables: Tables): Promise<ChangeQueue> {
    const ends = await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        const query = { table: INDEX_CHANGE, partition: [shard], limit: 1 };
        const [[first], [last]] = await Promise.all([
          tables.range(query),
          tables.range({ ...query, isDescending: true }),
        ]);
        return { first: numberOf(first?.sort) || 1, last: numberOf(last?.sort) };
      }),
    );
    return new ChangeQueue(
      tables,
      ends.map(({ first }) => first),
      ends.map(({ last }) => last),
    );
  }

  get shards(): number {
    return SHARDS;
  }

  /** About how many records wait, those that are not settled too. */
  get length(): number {
    return this.#last.reduce((sum, last, shard) => sum + last + 1 - (this.#next[shard] ?? 0), 0);
  }

  /** Gives changes their numbers. Write what it returns, durably, before the changes. */
  add(changes: readonly RowChangeRecord[], timeMs: number): readonly Batch[] {
    const byShard = new Map<number, Write[]>();
    for (const change of changes) {
      const shard = partitionOf(`${change.table}/${encodeTuple(change.partition)}`, SHARDS);
      const number = (this.#last[shard]! += 1);
      const value = new TextEncoder().encode(JSON.stringify({ format: FORMAT, timeMs, ...change }));
      const write: Write = { kind: "put", table: INDEX_CHANGE, sort: ["r", number], value, isNew: true };
      const writes = byShard.get(shard);
      if (writes === undefined) byShard.set(shard, [write]);
      else writes.push(write);
    }
    return Array.from(byShard, ([shard, writes]) => ({ partition: [shard], writes }));
  }

  /** Says that the changes of all records so far are written. */
  settle(): void {
    for (const [shard, last] of this.#last.entries()) this.#settledEnd[shard] = last + 1;
  }

  /** The last numbers given, to ask later whether all up to them are worked off. */
  marks(): readonly number[] {
    return [...this.#last];
  }

  /** Whether all records up to marks are worked off. */
  isPast(marks: readonly number[]): boolean {
    return marks.every((last, shard) => this.#next[shard]! > last);
  }

  /** The next records of a shard that may be worked off. Only for the one who works them off. */
  async read(shard: number, limit: number): Promise<readonly QueuedChange[]> {
    const end = this.#settledEnd[shard]!;
    const records = await this.#range(shard, end, limit);
    // Numbers whose record was never written.
    if (records.length === 0) this.#next[shard] = end;
    return records;
  }

  /** When the oldest record was made that may be worked off; undefined when there is none. */
  async oldestMs(): Promise<number | undefined> {
    const oldest = await Promise.all(this.#settledEnd.map((end, shard) => this.#range(shard, end, 1)));
    const times = oldest.flatMap((records) => records.map(({ timeMs }) => timeMs));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Forgets records that are worked off, all of a shard up to the last of them. */
  async remove(shard: number, records: readonly QueuedChange[]): Promise<void> {
    const last = records.at(-1);
    if (last === undefined) return;
    const writes = records.map(({ number }): Write => ({
      kind: "delete",
      table: INDEX_CHANGE,
      sort: ["r", number],
    }));
    await this.#tables.write([{ partition: [shard], writes }], { isDurable: true });
    this.#next[shard] = last.number + 1;
  }

  async #range(shard: number, end: number, limit: number): Promise<readonly QueuedChange[]> {
    const next = this.#next[shard]!;
    if (next >= end) return [];
    const rows = await this.#tables.range({
      table: INDEX_CHANGE,
      partition: [shard],
      from: ["r", next],
      before: ["r", end],
      limit,
    });
    return rows.map(({ sort, value }) => ({ ...decodeChange(value), number: numberOf(sort) }));
  }
}

function numberOf(sort: Key | undefined): number {
  const number = sort?.[1];
  return typeof number === "number" ? number : 0;
}

function decodeChange(value: Uint8Array): Omit<QueuedChange, "number"> {
  try {
    const parsed = JSON.parse(new TextDecoder().decode(value)) as QueuedChange & { readonly format: number };
    const { format, timeMs, table, partition, sort, places } = parsed;
    const isWhole =
      format === FORMAT &&
      Number.isSafeInteger(timeMs) &&
      typeof table === "string" &&
      Array.isArray(partition) &&
      Array.isArray(sort) &&
      Object.values(places).every((list) => Array.isArray(list));
    if (isWhole) return { timeMs, table, partition, sort, places };
  } catch {
    // Not JSON of ours: reported below.
  }
  throw new Failure(
    "tables-corrupt",
    "A record of the global indexes is none. Restore the data directory from a backup.",
  );
}
