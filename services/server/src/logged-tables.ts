/**
 * Tables whose writes go through a log first. Accounts and sessions are written directly, not made from records of people;
 * their log makes the journal complete: whoever has a copy of the tables and the journal behind it has everything.
 *
 *   write ──► append, durable ──► tables, durable ──► answered          a start writes again what the checkpoint does not hold
 *
 *   1  Writes reach the tables in the order of the log.
 *   2  A write that is in the log is in the tables before anything is read after a start.
 *   3  Once they are closed nothing is appended: the tables below may go.
 */
import { type Clock, Failure, assert } from "@parley/base";
import { type Log, appendFailure } from "@parley/logs";
import { type Infer, bool, bytes, decode, encode, list, schema, string, uint } from "@parley/protocol";
import {
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
  Turns,
  type Write,
  appendInTurn,
  decodeTuple,
  encodeTuple,
  ownerOf,
} from "@parley/tables";

const WriteRecord = schema("WriteRecord", {
  table: string(1),
  /** Encoded as in the tables. */
  sort: bytes(2),
  isDelete: bool(3),
  value: bytes(4),
  /** 0 for never. */
  expiresAtMs: uint(5),
});
const BatchRecord = schema("BatchRecord", { partition: bytes(1), writes: list(2, WriteRecord) });
/** Stored for as long as the log keeps it: fields are only ever added. */
export const TablesRecord = schema("TablesRecord", { timeMs: uint(1), batches: list(2, BatchRecord) });

const PARTITION = 0;
const PRODUCER = "tables";
const REPLAY = { recordsMax: 256, bytesMax: 4 * 1024 * 1024 };

export interface LoggedTablesOptions {
  readonly tables: Tables;
  /** Its first partition is used. */
  readonly log: Log;
  /** Those that are written to. */
  readonly specs: readonly TableSpec[];
  readonly clock: Clock;
  /** The process must stop: the log holds what the tables may not. */
  readonly onFailure: (error: unknown) => void;
}

export class LoggedTables implements Tables {
  readonly #options: LoggedTablesOptions;
  readonly #turns = new Turns();
  /** Everything below is in the tables, durably; of what is above, these are. */
  #applied = 0;
  readonly #early = new Set<number>();
  readonly #writing = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: LoggedTablesOptions) {
    this.#options = options;
  }

  /** Writes what the log has from `start` on. Before this nothing is read or written. Errors: those of log and tables. */
  async recover(start: number): Promise<void> {
    const { log, tables } = this.#options;
    this.#applied = start;
    const end = log.durableEnd(PARTITION);
    while (this.#applied < end) {
      const records = await log.read(PARTITION, this.#applied, REPLAY);
      const batches = records.flatMap(({ payload, isDestroyed }) =>
        isDestroyed === true ? [] : this.#decode(payload),
      );
      await tables.write(batches, { isDurable: true });
      this.#applied += records.length;
    }
  }

  /** The offset below which every record is in the tables. */
  appliedEnd(): number {
    return this.#applied;
  }

  find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    return this.#options.tables.find(table, partition, sort);
  }

  findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#options.tables.findMany(table, keys);
  }

  scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    return this.#options.tables.scanTable(scan);
  }

  range(query: RangeQuery): Promise<readonly Row[]> {
    return this.#options.tables.range(query);
  }

  /** As the port's, and durable always. Errors: also "storage-full", "unavailable", "outcome-unknown". */
  async write(batches: readonly Batch[]): Promise<void> {
    if (this.#isClosed) throw new Failure("tables-closed", "The tables are closed.");
    const writing = this.#write(batches).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    await writing;
  }

  async #write(batches: readonly Batch[]): Promise<void> {
    const { log, tables, clock, onFailure } = this.#options;
    const record = { timeMs: clock.nowMs(), batches: batches.map(toRecord) };
    // With a source it is taken on a nearly full disk too: who must be shut out must not wait for somebody to make room.
    const source = { producer: PRODUCER, position: log.appendedEnd(PARTITION) };
    let offset: number;
    try {
      ({ offset } = await log.append(PARTITION, encode(TablesRecord, record), source, commonOwner(batches)));
    } catch (error) {
      throw appendFailure(error);
    }
    // Nothing may be waited for here: the order of answers is that of the log, and has to be that of the tables.
    try {
      await tables.write(batches, { isDurable: true });
    } catch (error) {
      onFailure(error);
      throw error;
    }
    this.#early.add(offset);
    while (this.#early.delete(this.#applied)) this.#applied += 1;
  }

  appendRows(request: AppendRows): Promise<number> {
    return appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: (batch) => this.write([batch]),
    });
  }

  /** Takes nothing more, and waits for what it has taken. The tables below are another's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#writing);
  }

  #decode(payload: Uint8Array): readonly Batch[] {
    return decode(TablesRecord, payload).batches.map((batch) => ({
      partition: keyOf(batch.partition),
      writes: batch.writes.map((write) => this.#toWrite(write)),
    }));
  }

  #toWrite({ table: name, sort, isDelete, value, expiresAtMs }: Infer<typeof WriteRecord>): Write {
    const table = this.#options.specs.find((spec) => spec.name === name);
    if (table === undefined) throw unreadable(`names the table ${name}, which this version does not know`);
    const key = keyOf(sort);
    if (isDelete) return { kind: "delete", table, sort: key };
    return { kind: "put", table, sort: key, value, ...(expiresAtMs === 0 ? {} : { expiresAtMs }) };
  }
}

/** The tenant that all batches belong to, whose key seals the record; undefined when they have none in common. */
function commonOwner(batches: readonly Batch[]): string | undefined {
  const tenants = batches.flatMap(({ partition, writes }) =>
    writes.map(({ table, sort }) => ownerOf(table, partition, sort).tenant),
  );
  return new Set(tenants).size === 1 ? tenants[0] : undefined;
}

function toRecord({ partition, writes, conditions }: Batch): Infer<typeof BatchRecord> {
  assert(conditions === undefined, "what is in the log is written, whatever else is true");
  return {
    partition: keyBytes(partition),
    writes: writes.map((write) => ({
      table: write.table.name,
      sort: keyBytes(write.sort),
      isDelete: write.kind === "delete",
      value: write.kind === "put" ? write.value : new Uint8Array(0),
      expiresAtMs: write.kind === "put" ? (write.expiresAtMs ?? 0) : 0,
    })),
  };
}

function keyBytes(key: Key): Uint8Array {
  return Buffer.from(encodeTuple(key), "latin1");
}

function keyOf(encoded: Uint8Array): Key {
  const key = decodeTuple(Buffer.from(encoded).toString("latin1"));
  if (key === undefined) throw unreadable("has a key that is none");
  return key;
}

function unreadable(what: string): Failure {
  return new Failure(
    "log-corrupt",
    `A record of the log of accounts ${what}. Use the version that wrote it, or restore a backup.`,
  );
}
