import { setImmediate as turn } from "node:timers/promises";

import {
  assert,
  AssertionFailure,
  Failure,
  failureCode,
  type Clock,
  type Logger,
  type Scheduler,
} from "@parley/base";
import {
  appendInTurn,
  decodeRowKey,
  decodeTuple,
  encodePartition,
  encodeTuple,
  liveValue,
  scanBounds,
  sortBounds,
  storedExpiry,
  tableBounds,
  Turns,
  type AppendRows,
  type Batch,
  type Key,
  type RangeQuery,
  type Row,
  type RowKey,
  type ScannedRow,
  type Tables,
  type TableScan,
  type TableSpec,
} from "@parley/tables";
import { ClassicLevel } from "classic-level";

import { createDirectory } from "./durable-directory.js";
import { ExpirySweeper } from "./expiry-sweeper.js";
import { GroupCommit } from "./group-commit.js";
import { corruptTables, levelFailure } from "./level-failure.js";
import { type LevelFigures, parseLevelStats } from "./level-figures.js";
import { findDamage } from "./level-files/verify-files.js";
import { openRow, sealRow } from "./row-checksum.js";
import { type StoredRows, readStoredRows } from "./stored-rows.js";

const CACHE_BYTES = 64 * 1024 * 1024;
/** LevelDB holds up to two of these in memory. Larger ones mean fewer, larger files at level 0 and less rewriting. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/** Of the table files, what is read at opening to see whether it is damaged: one to three seconds of work. */
const VERIFY_BYTES_MAX = 1024 * 1024 * 1024;
/** Rows handed to LevelDB in one turn of the event loop: 1 to 2 ms of work on the reference machine. */
const ROWS_PER_TURN = 1000;

/** Around every key: they begin with the name of a table. */
const KEYS_START = Buffer.from([0]);
const KEYS_END = Buffer.from([0xff]);
const BINARY = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;

type Database = ClassicLevel<Buffer, Buffer>;

export interface LevelTablesOptions {
  /** Created if it does not exist. */
  readonly directory: string;
  readonly clock: Clock;
  /** With it, rows of these tables are removed for good some time after they have expired. */
  readonly expiry?: {
    readonly tables: readonly TableSpec[];
    readonly scheduler: Scheduler;
    readonly logger: Logger;
  };
}

/** Tables whose deleted and replaced rows can be got rid of at once, instead of now and then. */
export interface CompactableTables extends Tables {
  /**
   * Rewrites the files, or one table's part of them, without what is deleted or replaced. Others may go on; it takes as long
   * as copying everything.
   */
  compact(table?: TableSpec): Promise<void>;
}

/** Tables that tell what lies on the disk under them. */
export interface FiguredTables extends Tables {
  /** Cost: a look into memory. Errors: "tables-closed". */
  figures(): LevelFigures;
}

/** Tables whose rows can be copied while they are written to. */
export interface SnapshotTables extends Tables {
  /** All rows as they are at the call, as they are stored. Close it; the closing of the tables closes it too. */
  snapshotRows(): StoredRows;
}

/**
 * Opens tables on LevelDB. Its files are verified first, so no other process may write to them.
 * Errors: "tables-locked" (open elsewhere), "tables-corrupt" (with `file` and `offset` when it is known which), "tables-full",
 *   "tables-failed".
 */
export async function openLevelTables(
  options: LevelTablesOptions,
): Promise<CompactableTables & SnapshotTables & FiguredTables> {
  try {
    // LevelDB sees to the names in its directory, not to that of the directory.
    await createDirectory(options.directory);
    const damage = await findDamage(options.directory, { tableBytesMax: VERIFY_BYTES_MAX });
    if (damage !== undefined) throw corruptTables(options.directory, { damage });
    const database: Database = new ClassicLevel(options.directory, {
      ...BINARY,
      cacheSize: CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
    });
    await database.open();
    return new LevelTables(database, options);
  } catch (error) {
    throw failureCode(error) === undefined ? levelFailure(error, options.directory) : error;
  }
}

/**
 * The table port on LevelDB: one key space, keys as in `key-encoding.ts` of the tables, each row with a checksum.
 *
 * LevelDB applies a group of batches as one, and syncs it with its own log before the next group.
 */
class LevelTables implements CompactableTables, SnapshotTables, FiguredTables {
  readonly #database: Database;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #commit: GroupCommit<Batch>;
  readonly #turns = new Turns();
  readonly #sweeper: ExpirySweeper | undefined;
  #closing: Promise<void> | undefined;

  constructor(database: Database, options: LevelTablesOptions) {
    this.#database = database;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#commit = new GroupCommit(
      (batches, isDurable) => writeGroup(database, batches, isDurable),
      (error) => (error instanceof AssertionFailure ? error : levelFailure(error, options.directory)),
    );
    if (options.expiry !== undefined) {
      this.#sweeper = new ExpirySweeper({
        ...options.expiry,
        database,
        commit: this.#commit,
        clock: options.clock,
      });
    }
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    this.#checkUsable();
    const key = keyBytes(encodePartition(table, partition) + encodeTuple(sort));
    return this.#value(table, key, await this.#reading(() => this.#database.get(key)));
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#checkUsable();
    const encoded = keys.map(({ partition, sort }) =>
      keyBytes(encodePartition(table, partition) + encodeTuple(sort)),
    );
    if (encoded.length === 0) return [];
    const found = await this.#reading(() => this.#database.getMany(encoded));
    return encoded.map((key, index) => this.#value(table, key, found[index]));
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    this.#checkUsable();
    const bounds = sortBounds(query);
    const prefix = encodePartition(query.table, query.partition);
    const rows: Row[] = [];
    let gte: string = prefix + bounds.from;
    let lt: string = prefix + bounds.before;
    // Goes around again only when expired rows were skipped.
    for (;;) {
      const limit = query.limit - rows.length;
      const found = await this.#entries({ gte, lt, limit, isDescending: query.isDescending === true });
      for (const [key, sealed] of found) {
        const value = this.#value(query.table, key, sealed);
        if (value !== undefined) rows.push({ sort: this.#sortKey(query.table, key, prefix.length), value });
      }
      const last = found.at(-1)?.[0].toString("latin1");
      if (last === undefined || found.length < limit || rows.length === query.limit) return rows;
      if (query.isDescending === true) lt = last;
      else gte = `${last}\u0000`;
    }
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    this.#checkUsable();
    const bounds = scanBounds(scan);
    const rows: ScannedRow[] = [];
    let gte: string = bounds.from;
    // Goes around again only when expired rows were skipped.
    for (;;) {
      const limit = scan.limit - rows.length;
      const range = { gte, lt: bounds.before, limit, isDescending: false, isWalk: true };
      const found = await this.#entries(range);
      for (const [key, sealed] of found) {
        const row = this.#scannedRow(scan.table, key, sealed);
        if (row !== undefined) rows.push(row);
      }
      const last = found.at(-1)?.[0].toString("latin1");
      if (last === undefined || found.length < limit || rows.length === scan.limit) return rows;
      gte = `${last}\u0000`;
    }
  }

  /** Durable, also when nobody asks for it: what is damaged can only be told from what is torn if all is synced in turn. */
  async write(batches: readonly Batch[]): Promise<void> {
    this.#checkUsable();
    await this.#commit.write(batches, true);
  }

  async appendRows(request: AppendRows): Promise<number> {
    this.#checkUsable();
    return appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: (batch) => this.write([batch]),
    });
  }

  async compact(table?: TableSpec): Promise<void> {
    this.#checkUsable();
    const bounds = table === undefined ? undefined : tableBounds(table);
    const from = bounds === undefined ? KEYS_START : keyBytes(bounds.from);
    const before = bounds === undefined ? KEYS_END : keyBytes(bounds.before);
    await this.#reading(() => this.#database.compactRange(from, before));
  }

  figures(): LevelFigures {
    this.#checkUsable();
    return parseLevelStats(this.#database.getProperty("leveldb.stats"));
  }

  snapshotRows(): StoredRows {
    this.#checkUsable();
    return readStoredRows(this.#database, (read) => this.#reading(read));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.#sweeper?.stop();
    await this.#commit.settle();
    await this.#database.close();
  }

  async #entries(bounds: {
    gte: string;
    lt: string;
    limit: number;
    isDescending: boolean;
    /** Goes over everything once, and would drive what others need out of the cache. */
    isWalk?: boolean;
  }): Promise<[Buffer, Buffer][]> {
    // An empty range needs no iterator.
    if (bounds.gte >= bounds.lt) return [];
    const { limit, isDescending } = bounds;
    const range = {
      gte: keyBytes(bounds.gte),
      lt: keyBytes(bounds.lt),
      limit,
      reverse: isDescending,
      fillCache: bounds.isWalk !== true,
    };
    return this.#reading(() => this.#database.iterator(range).all());
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.#checkUsable();
      throw levelFailure(error, this.#directory);
    }
  }

  #value(table: TableSpec, key: Buffer, sealed: Buffer | undefined): Uint8Array | undefined {
    if (sealed === undefined) return undefined;
    const stored = openRow(key, sealed);
    const value = stored === undefined ? "malformed" : liveValue(table, stored, this.#clock.nowMs());
    if (value === "malformed") throw corruptTables(this.#directory, { table: table.name });
    return value === "expired" ? undefined : value;
  }

  #scannedRow(table: TableSpec, key: Buffer, sealed: Buffer): ScannedRow | undefined {
    const value = this.#value(table, key, sealed);
    if (value === undefined) return undefined;
    const place = decodeRowKey(table, key.toString("latin1"));
    if (place === undefined) throw corruptTables(this.#directory, { table: table.name });
    const stored = table.hasExpiry === true ? openRow(key, sealed) : undefined;
    return { ...place, value, ...(stored === undefined ? {} : storedExpiry(table, stored)) };
  }

  #sortKey(table: TableSpec, key: Buffer, prefixBytes: number): Key {
    const sort = decodeTuple(key.toString("latin1", prefixBytes));
    if (sort === undefined) throw corruptTables(this.#directory, { table: table.name });
    return sort;
  }

  #checkUsable(): void {
    if (this.#commit.failure !== undefined) throw this.#commit.failure;
    if (this.#closing !== undefined) {
      throw new Failure("tables-closed", `The tables in ${this.#directory} are closed.`);
    }
  }
}

/**
 * Makes one LevelDB batch, applied whole or not at all, of all the batches of a group. Encoding is spread over turns of
 * the event loop, because a flush of the write-back layer may bring tens of thousands of rows.
 */
async function writeGroup(database: Database, batches: readonly Batch[], isDurable: boolean): Promise<void> {
  const group = database.batch();
  for (const { partition, writes, conditions } of batches) {
    assert(conditions === undefined, "an engine meets no conditions");
    let table: TableSpec | undefined;
    let prefix = "";
    for (const write of writes) {
      if (group.length > 0 && group.length % ROWS_PER_TURN === 0) await turn();
      if (write.table !== table) {
        table = write.table;
        prefix = encodePartition(table, partition);
      }
      const key = keyBytes(prefix + encodeTuple(write.sort));
      if (write.kind === "delete") group.del(key);
      else group.put(key, sealRow(key, write));
    }
  }
  await group.write({ sync: isDurable });
}

function keyBytes(encoded: string): Buffer {
  return Buffer.from(encoded, "latin1");
}
