/**
 * Looks at stored rows one after the other, in the order of their keys: checksum, place, seal, and what the value says. Blocks
 * are unpacked, must hold what their heads say, and may not overlap. Those of the cold tier are fetched.
 */
import { type Clock, failureCode, messageOf } from "@parley/base";
import { type StoredRow, openStoredRow } from "@parley/engine-embedded";
import type { Keyring } from "@parley/keys";
import {
  type Block,
  blockTableOf,
  ColdReader,
  decodeBlock,
  decodePointer,
  decodeRowKey,
  indexTable,
  type IndexStatus,
  type Key,
  liveValue,
  type ObjectStore,
  openSealedRow,
  ownerOf,
  POINTER_FORMAT,
  type RowKey,
  type Seals,
  type TableSpec,
} from "@parley/tables";
import { shownPlace } from "./row-view.js";
import { type KnownTable, keyProblem, TABLES } from "./table-catalog.js";
import type { FindingKind, ReportBuilder } from "./verify-report.js";

const NAME_END = 0;
const NAME_BYTES_MAX = 200;

/** A table as it lies in the engine. */
interface StoredTable {
  readonly spec: TableSpec;
  /** The table whose rows it holds, or leads to. */
  readonly known: KnownTable;
  readonly holds: "rows" | "blocks" | "entries";
}

/** Where cold blocks are, and what opens them. */
export interface ColdStore {
  readonly objects: ObjectStore;
  readonly seals: Seals;
}

/** A block whose rows have to be fetched. */
interface ColdBlock {
  readonly table: StoredTable;
  readonly place: RowKey;
  readonly block: Block;
}

export interface RowVerifierOptions {
  readonly cold: ColdStore;
  readonly report: ReportBuilder;
  /** Undefined when nothing is sealed. */
  readonly keyring: Keyring | undefined;
  readonly clock: Clock;
}

export class RowVerifier {
  readonly #options: RowVerifierOptions;
  readonly #tables = new Map<string, StoredTable>();
  readonly #reader: ColdReader;
  readonly #cold: ColdBlock[] = [];
  /** The block before: rows come in order, so those of a partition follow each other. */
  #before: { readonly table: string; readonly partition: string; readonly last: number } | undefined;

  constructor(options: RowVerifierOptions) {
    this.#options = options;
    this.#reader = new ColdReader(options.cold);
    for (const known of TABLES) {
      const { spec } = known;
      this.#add({ spec, known, holds: "rows" });
      if (spec.isPacked === true) this.#add({ spec: blockTableOf(spec), known, holds: "blocks" });
    }
  }

  /** Makes the entries of an index known: of the present generation and of old ones. */
  knowIndexes(indexes: readonly IndexStatus[]): void {
    for (const { table, index, generation } of indexes) {
      const known = TABLES.find(({ spec }) => spec.name === table);
      if (known === undefined) continue;
      const declared = known.spec.indexes?.find(({ name }) => name === index);
      for (let each = 1; each <= generation; each++) {
        // How those before the present one were declared is not known.
        const isKeysOnly = each < generation || declared?.isKeysOnly === true;
        const spec = indexTable(known.spec, { name: index, isKeysOnly }, each);
        this.#add({ spec, known, holds: "entries" });
      }
    }
  }

  take(row: StoredRow): void {
    const { report, clock } = this.#options;
    const [key] = row;
    report.rows += 1;
    const end = key.indexOf(NAME_END);
    const name = key.toString("latin1", 0, end < 0 ? Math.min(key.length, NAME_BYTES_MAX) : end);
    const table = this.#tables.get(name);
    const stored = openStoredRow(row);
    if (table === undefined) {
      report.unknownRows += 1;
      if (stored === undefined)
        report.add({ kind: "checksum", table: name, message: "a row is not what was stored" });
      return;
    }
    const place = decodeRowKey(table.spec, key.toString("latin1"));
    if (stored === undefined) return this.#wrong("checksum", table, place, "the row is not what was stored");
    if (place === undefined || hasWrongKey(table, place))
      return this.#wrong("key", table, place, "the row lies under a key that its table cannot have");
    const value = liveValue(table.spec, stored, clock.nowMs());
    if (value === "malformed") return this.#wrong("value", table, place, "the expiry of the row is none");
    if (value === "expired") report.expiredRows += 1;
    else this.#open(table, place, key, value);
  }

  /** Whether blocks of the rows taken so far are in the cold store. */
  get hasCold(): boolean {
    return this.#cold.length > 0;
  }

  /** Fetches one of them, and looks at its rows. */
  async lookAtCold(): Promise<void> {
    const { table, place, block } = this.#cold.shift()!;
    try {
      await this.#reader.load(table.known.spec, place.partition, [block], () => Promise.resolve([]));
      this.#options.report.coldBlocks += 1;
      this.#lookAtRows(table, place, block);
    } catch (error) {
      const code = failureCode(error);
      if (code === "cold-missing") return this.#wrong("cold", table, place, messageOf(error));
      if (code !== "tables-corrupt" && code !== "key-missing") throw error;
      this.#wrong(code === "key-missing" ? code : "block", table, place, messageOf(error));
    }
  }

  #open(table: StoredTable, place: RowKey, key: Buffer, sealed: Uint8Array): void {
    const { keyring, report } = this.#options;
    if (keyring === undefined) return this.#look(table, place, sealed);
    let value: Uint8Array | undefined;
    try {
      const owner = ownerOf(table.spec, place.partition, place.sort);
      value = openSealedRow(keyring, table.spec, { owner, place: key, sealed });
    } catch (error) {
      const code = failureCode(error);
      if (code !== "seal-corrupt" && code !== "key-missing") throw error;
      return this.#wrong(code === "key-missing" ? code : "seal", table, place, messageOf(error));
    }
    if (value === undefined) report.shreddedRows += 1;
    else this.#look(table, place, value);
  }

  #look(table: StoredTable, place: RowKey, value: Uint8Array): void {
    if (table.holds === "blocks") return this.#lookAtBlock(table, place, value);
    // An entry is compared with its row; a mark beside a block says nothing.
    if (table.holds === "rows" && !isMark(table.spec, place.sort)) this.#decode(table, place, value);
  }

  #lookAtBlock(table: StoredTable, place: RowKey, value: Uint8Array): void {
    const { report } = this.#options;
    report.blocks += 1;
    const partition = JSON.stringify(place.partition);
    const { name } = table.spec;
    const before = this.#before;
    try {
      const block = value[0] === POINTER_FORMAT ? decodePointer(value, 0) : decodeBlock(value, 0);
      this.#before = { table: name, partition, last: block.last };
      const { first, last } = block;
      if (last !== place.sort[0])
        this.#wrong("block", table, place, `the block ends at ${last}, not where it lies`);
      if (before?.table === name && before.partition === partition && first <= before.last)
        this.#wrong(
          "block",
          table,
          place,
          `the block begins at ${first}, the one before ends at ${before.last}`,
        );
      if (block.isLoaded) this.#lookAtRows(table, place, block);
      else this.#cold.push({ table, place, block });
    } catch (error) {
      if (failureCode(error) !== "tables-corrupt") throw error;
      this.#wrong("block", table, place, messageOf(error));
    }
  }

  #lookAtRows(table: StoredTable, place: RowKey, { rows, first, count }: Block): void {
    this.#options.report.packedRows += rows.length;
    const isAscending = rows.every(({ number }, index) => index === 0 || number > rows[index - 1]!.number);
    if (rows.length !== count || rows[0]!.number !== first || !isAscending)
      this.#wrong("block", table, place, "the block does not hold what its head says");
    for (const row of rows) this.#decode(table, { ...place, sort: [row.number] }, row.value);
  }

  #decode(table: StoredTable, place: RowKey, value: Uint8Array): void {
    try {
      table.known.decode(value);
    } catch (error) {
      this.#wrong("value", table, place, `the value cannot be read: ${messageOf(error)}`);
    }
  }

  #wrong(kind: FindingKind, { spec, known }: StoredTable, place: RowKey | undefined, message: string): void {
    const shown = place === undefined ? {} : shownPlace(known, place);
    this.#options.report.add({ kind, message, table: spec.name, ...shown });
  }

  #add(table: StoredTable): void {
    this.#tables.set(table.spec.name, table);
  }
}

function hasWrongKey({ spec, known, holds }: StoredTable, { partition, sort }: RowKey): boolean {
  if (keyProblem(known.partition, partition, true) !== undefined) return true;
  // The keys of an entry are its index's affair: it is compared with its row.
  if (holds === "entries") return false;
  return keyProblem(known.sort, isMark(spec, sort) ? sort.slice(0, 1) : sort, true) !== undefined;
}

function isMark({ isPacked }: TableSpec, sort: Key): boolean {
  return isPacked === true && sort.length === 2 && sort[1] === 0;
}
