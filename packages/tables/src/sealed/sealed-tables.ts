/**
 * Tables whose values are sealed: what the engine gets, and writes to its files, is ciphertext.
 *
 *   put(value, expiry) ─► seal under the owner's key, bound to table, partition and sort key ─► engine: put(sealed, expiry)
 *   engine: sealed ─► open ─► value        key destroyed: the row is not there
 *   put without a value ─► bond to the owner's key        where a table declares `isKeysOnly`
 *
 * Keys of rows and expiries stay as they are: an engine orders by the former and removes by the latter. A row cannot stand in
 * for another one, because its place is part of what the seal covers. Rows without values have nothing to seal, but have to go
 * with their key as all others do: they name it.
 */
import { assert, Failure, failureCode, type Scheduler, TaskQueue, turn } from "@parley/base";
import type { KeyOwner, Keyring, SealingKey } from "@parley/keys";
import { appendInTurn, Turns } from "../append-rows.js";
import type { SealPlace, Seals } from "../cold/seals.js";
import { encodePartition, encodeTuple, successor } from "../key-encoding.js";
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
import { openSealedRow } from "./open-row.js";
import { isOwnedAsWhole, ownerOf } from "./row-owner.js";

/** Rows sealed without letting others run: about 2 ms. */
const ROWS_PER_TURN = 500;
const PLACE_BYTES = 512;

export interface SealedTablesOptions {
  /** The engine. Closed with this. */
  readonly tables: Tables;
  readonly keyring: Keyring;
  readonly scheduler: Scheduler;
}

type Put = Write & { readonly kind: "put" };

/** Errors besides the port's: "key-missing" at reads; "tables-corrupt" also for a row that its key does not open. */
export class SealedTables implements Tables, Seals {
  readonly #tables: Tables;
  readonly #keyring: Keyring;
  readonly #scheduler: Scheduler;
  readonly #turns = new Turns();
  /** Gives the engine its writes in the order of the calls. */
  readonly #handing = new TaskQueue();
  /** Where the place of one row is written at a time. */
  #place = Buffer.allocUnsafe(PLACE_BYTES);

  constructor({ tables, keyring, scheduler }: SealedTablesOptions) {
    this.#tables = tables;
    this.#keyring = keyring;
    this.#scheduler = scheduler;
  }

  async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    const sealed = await this.#tables.find(table, partition, sort);
    if (sealed === undefined) return undefined;
    return this.#open(table, ownerOf(table, partition, sort), placeOf(table, partition, sort), sealed);
  }

  async findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = await this.#tables.findMany(table, keys);
    return found.map((sealed, index) => {
      if (sealed === undefined) return undefined;
      const { partition, sort } = keys[index]!;
      return this.#open(table, ownerOf(table, partition, sort), placeOf(table, partition, sort), sealed);
    });
  }

  async range(query: RangeQuery): Promise<readonly Row[]> {
    const { table, partition, limit } = query;
    const prefix = encodePartition(table, partition);
    const rows: Row[] = [];
    let rest = query;
    // Goes around again only when rows were skipped whose key is destroyed.
    for (;;) {
      const wanted = limit - rows.length;
      const found = await this.#tables.range({ ...rest, limit: wanted });
      for (const { sort, value: sealed } of found) {
        const owner = ownerOf(table, partition, sort);
        const value = this.#open(table, owner, prefix + encodeTuple(sort), sealed);
        if (value !== undefined) rows.push({ sort, value });
      }
      const last = found.at(-1);
      if (last === undefined || found.length < wanted || rows.length === limit) return rows;
      rest =
        query.isDescending === true
          ? { ...rest, before: last.sort }
          : { ...rest, from: successor(last.sort) };
    }
  }

  async scanTable(scan: TableScan): Promise<readonly ScannedRow[]> {
    const { table, limit } = scan;
    const rows: ScannedRow[] = [];
    let rest = scan;
    // Goes around again only when rows were skipped whose key is destroyed.
    for (;;) {
      const wanted = limit - rows.length;
      const found = await this.#tables.scanTable({ ...rest, limit: wanted });
      for (const row of found) {
        const { partition, sort, value: sealed } = row;
        const owner = ownerOf(table, partition, sort);
        const value = this.#open(table, owner, placeOf(table, partition, sort), sealed);
        if (value !== undefined) rows.push({ ...row, value });
      }
      const after = found.at(-1);
      if (after === undefined || found.length < wanted || rows.length === limit) return rows;
      rest = { ...rest, after };
    }
  }

  async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    const { written } = await this.#handing.run(async () => {
      const sealed = await this.#seal(batches);
      return { written: this.#tables.write(sealed, options) };
    });
    await written;
  }

  async appendRows(request: AppendRows): Promise<number> {
    return appendInTurn(this.#turns, request, {
      readCounter: () => this.find(request.table, request.partition, request.counterSort),
      writeBatch: (batch) => this.write([batch], request),
    });
  }

  async seal({ table, partition, sort }: SealPlace, value: Uint8Array): Promise<Uint8Array> {
    const owner = ownerOf(table, partition, sort);
    const key = this.#keyring.sealingKey(owner) ?? (await this.#newKey(owner));
    return this.#keyring.seal(key, this.#placeBytes(placeOf(table, partition, sort)), value);
  }

  open({ table, partition, sort }: SealPlace, sealed: Uint8Array): Uint8Array | undefined {
    return this.#open(table, ownerOf(table, partition, sort), placeOf(table, partition, sort), sealed);
  }

  async close(): Promise<void> {
    await this.#handing.settled();
    await this.#tables.close();
  }

  async #seal(batches: readonly Batch[]): Promise<readonly Batch[]> {
    const sealed: Batch[] = [];
    let rows = 0;
    for (const batch of batches) {
      const { partition, writes } = batch;
      const target: Write[] = [];
      let table: TableSpec | undefined;
      let prefix = "";
      let owner: KeyOwner | undefined;
      for (const write of writes) {
        if (write.kind === "delete") {
          target.push(write);
          continue;
        }
        if (rows > 0 && rows % ROWS_PER_TURN === 0) await turn(this.#scheduler);
        rows += 1;
        if (write.table !== table) {
          table = write.table;
          prefix = encodePartition(table, partition);
          owner = undefined;
        }
        if (owner === undefined || !isOwnedAsWhole(table)) owner = ownerOf(table, partition, write.sort);
        const key = this.#keyring.sealingKey(owner) ?? (await this.#newKey(owner));
        target.push(this.#sealed(write, key, prefix + encodeTuple(write.sort)));
      }
      sealed.push({ partition, writes: target });
    }
    return sealed;
  }

  #sealed(put: Put, key: SealingKey, place: string): Put {
    const { table, sort, expiresAtMs, isNew } = put;
    return {
      kind: "put",
      table,
      sort,
      value: this.#protected(put, key, place),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(isNew === undefined ? {} : { isNew }),
    };
  }

  #protected({ table, value }: Put, key: SealingKey, place: string): Uint8Array {
    if (table.isKeysOnly !== true) return this.#keyring.seal(key, this.#placeBytes(place), value);
    assert(value.length === 0, `the rows of ${table.name} have no values`);
    return this.#keyring.bond(key);
  }

  /** Undefined when the row's key is destroyed. */
  #open(table: TableSpec, owner: KeyOwner, place: string, sealed: Uint8Array): Uint8Array | undefined {
    try {
      return openSealedRow(this.#keyring, table, { owner, place: this.#placeBytes(place), sealed });
    } catch (cause) {
      if (failureCode(cause) !== "seal-corrupt") throw cause;
      const message = `A row of the table ${table.name} is not what was sealed. Restore the data directory from a backup.`;
      throw new Failure("tables-corrupt", message, { cause, details: { table: table.name } });
    }
  }

  async #newKey(owner: KeyOwner): Promise<SealingKey> {
    for (;;) {
      await this.#keyring.prepare([owner.tenant]);
      const key = this.#keyring.sealingKey(owner);
      if (key !== undefined) return key;
    }
  }

  /** Valid until the next call. */
  #placeBytes(place: string): Uint8Array {
    if (place.length > this.#place.length) this.#place = Buffer.allocUnsafe(2 * place.length);
    return this.#place.subarray(0, this.#place.write(place, "latin1"));
  }
}

/** The encoded key of a row. */
function placeOf(table: TableSpec, partition: Key, sort: Key): string {
  return encodePartition(table, partition) + encodeTuple(sort);
}
