import { crc32 } from "node:zlib";
import { Failure, LruMap } from "@parley/base";
import { encodePartition, encodeTuple } from "../key-encoding.js";
import type { Key, RangeQuery, Tables, TableSpec } from "../tables.js";
import { type Block, decodeBlock } from "./block-format.js";
import { blockTableOf, numberOf } from "./stored-keys.js";

/** Unpacked blocks kept, of 64 KiB at most each. Whoever pages through a history meets each block several times. */
const BLOCKS_KEPT_MAX = 256;

/** A block as it was when it had this checksum and length; another of the same key is read afresh. */
interface KeptBlock {
  readonly checksum: number;
  readonly length: number;
  readonly block: Block;
}

/** Where to look for blocks. `before` is exclusive, and Infinity when there is no bound. */
export interface BlockSpan {
  readonly from: number;
  readonly before: number;
  readonly limit: number;
}

/** Finds the blocks of packed tables, and keeps those that were read last. */
export class BlockReader {
  readonly #tables: Tables;
  readonly #blockTables = new Map<string, TableSpec>();
  readonly #kept = new LruMap<string, KeptBlock>();
  /** How many of the blocks read were unpacked already, and how many were not. */
  hits = 0;
  misses = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The table that holds the blocks of a packed table. */
  tableOf(table: TableSpec): TableSpec {
    let found = this.#blockTables.get(table.name);
    if (found === undefined) {
      found = blockTableOf(table);
      this.#blockTables.set(table.name, found);
    }
    return found;
  }

  /** Blocks from the first one that ends at `from` or later. Errors: "tables-corrupt", as all here. */
  from(table: TableSpec, partition: Key, from: number, limit: number): Promise<readonly Block[]> {
    return this.#read(table, { table: this.tableOf(table), partition, from: [from], limit });
  }

  /** Blocks that end in a span, the last first. */
  below(table: TableSpec, partition: Key, { from, before, limit }: BlockSpan): Promise<readonly Block[]> {
    const span = { ...bounds(from, before), limit, isDescending: true };
    return this.#read(table, { table: this.tableOf(table), partition, ...span });
  }

  async #read(table: TableSpec, query: RangeQuery): Promise<readonly Block[]> {
    const stored = await this.#tables.range(query);
    const prefix = stored.length === 0 ? "" : encodePartition(query.table, query.partition);
    return stored.map(({ sort, value }) => {
      const block = this.#decoded(prefix + encodeTuple(sort), value);
      if (block.last === numberOf(sort)) return block;
      throw new Failure(
        "tables-corrupt",
        `A block of ${table.name} lies under another number than its last one. Restore the data directory from a backup.`,
      );
    });
  }

  #decoded(key: string, value: Uint8Array): Block {
    const checksum = crc32(value);
    const kept = this.#kept.find(key);
    if (kept !== undefined && kept.checksum === checksum && kept.length === value.length) {
      this.hits += 1;
      return kept.block;
    }
    this.misses += 1;
    const block = decodeBlock(value);
    this.#kept.put(key, { checksum, length: value.length, block });
    this.#kept.cutTo(BLOCKS_KEPT_MAX);
    return block;
  }
}

/** The bounds of a range over numbers. */
export function bounds(from: number, before: number): { readonly from: Key; readonly before?: Key } {
  return before === Infinity ? { from: [from] } : { from: [from], before: [before] };
}
