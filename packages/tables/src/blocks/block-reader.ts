import { crc32 } from "node:zlib";
import { Failure, LruMap } from "@parley/base";
import type { ColdReader } from "../cold/cold-reader.js";
import { decodePointer, POINTER_FORMAT } from "../cold/cold-pointer.js";
import { encodePartition, encodeTuple } from "../key-encoding.js";
import type { Key, RangeQuery, Tables, TableSpec } from "../tables.js";
import type { Block } from "./block.js";
import { decodeBlock } from "./block-format.js";
import { blockTableOf, numberOf } from "./stored-keys.js";

/** Unpacked blocks kept, of 64 KiB at most each. Whoever pages through a history meets each block several times. */
const BLOCKS_KEPT_MAX = 256;
/** Cold ones, of 256 KiB at most each. */
const COLD_KEPT_MAX = 64;
/** Looked up on each side of a cold block, when it is fetched. */
const NEIGHBOURS = 4;

/** Where to look for blocks. `before` is exclusive, and Infinity when there is no bound. */
export interface BlockSpan {
  readonly from: number;
  readonly before: number;
  readonly limit: number;
}

/** Finds the blocks of packed tables, and keeps those that were read last. */
export class BlockReader {
  readonly #tables: Tables;
  readonly #cold: ColdReader | undefined;
  readonly #blockTables = new Map<string, TableSpec>();
  /** By key. Another block of the same key is told by its checksum. */
  readonly #kept = new LruMap<string, Block>();
  readonly #keptCold = new LruMap<string, Block>();
  /** How many of the blocks read were unpacked already, and how many were not. */
  hits = 0;
  misses = 0;

  constructor(tables: Tables, cold?: ColdReader) {
    this.#tables = tables;
    this.#cold = cold;
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

  /**
   * Gives those of the blocks their rows that are cold.
   * Errors: "cold-off" (this process has no cold tier), those of `ColdReader.load`.
   */
  async load(table: TableSpec, partition: Key, blocks: readonly Block[]): Promise<void> {
    if (blocks.every(({ isLoaded }) => isLoaded)) return;
    if (this.#cold === undefined) throw coldOff(table);
    await this.#cold.load(table, partition, blocks, async () => {
      const first = blocks.reduce((least, each) => Math.min(least, each.first), Infinity);
      const last = blocks.reduce((most, each) => Math.max(most, each.last), 0);
      const [before, after] = await Promise.all([
        this.below(table, partition, { from: 0, before: first, limit: NEIGHBOURS }),
        this.from(table, partition, last + 1, NEIGHBOURS),
      ]);
      return [...before, ...after];
    });
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
    const isCold = value[0] === POINTER_FORMAT;
    const cache = isCold ? this.#keptCold : this.#kept;
    const kept = cache.find(key);
    if (kept?.checksum === checksum) {
      this.hits += 1;
      return kept;
    }
    this.misses += 1;
    const block = isCold ? decodePointer(value, checksum) : decodeBlock(value, checksum);
    cache.put(key, block);
    cache.cutTo(isCold ? COLD_KEPT_MAX : BLOCKS_KEPT_MAX);
    return block;
  }
}

/** The bounds of a range over numbers. */
export function bounds(from: number, before: number): { readonly from: Key; readonly before?: Key } {
  return before === Infinity ? { from: [from] } : { from: [from], before: [before] };
}

function coldOff(table: TableSpec): Failure {
  return new Failure("cold-off", `Rows of ${table.name} lie in the cold tier, which is not open here.`);
}
