/**
 * Fetches the rows of cold blocks. What lies next to a block in its object is fetched with it: whoever pages through old history
 * finds the next pages at hand.
 */
import { crc32 } from "node:zlib";
import { Failure, LruMap } from "@parley/base";
import type { Block, ColdPlace } from "../blocks/block.js";
import { decodeBlock } from "../blocks/block-format.js";
import { companionTable } from "../companion-table.js";
import type { Key, TableSpec } from "../tables.js";
import type { ObjectStore } from "./object-store.js";
import type { Seals } from "./seals.js";

/** Blocks that were fetched ahead and not asked for yet, of about 40 KB each, still compressed. */
const AHEAD_MAX = 128;
/** Fetched with one request. */
const READ_BYTES_MAX = 1024 * 1024;

export interface ColdReaderOptions {
  readonly objects: ObjectStore;
  readonly seals: Seals;
}

export class ColdReader {
  readonly #options: ColdReaderOptions;
  readonly #ahead = new LruMap<string, Uint8Array>();
  readonly #tables = new Map<string, TableSpec>();
  /** Blocks that were at hand when they were asked for, requests to the store, and what they brought. */
  readonly stats = { aheadHits: 0, reads: 0, readBytes: 0 };

  constructor(options: ColdReaderOptions) {
    this.#options = options;
  }

  /**
   * Gives blocks of a partition their rows. `neighbours` are those that may be asked for next; it is asked when there is something
   * to fetch.
   * Errors: "cold-missing" (its object is gone: the block may lie elsewhere by now), "tables-corrupt", "key-missing", those of the
   *   store.
   */
  async load(
    table: TableSpec,
    partition: Key,
    blocks: readonly Block[],
    neighbours: () => Promise<readonly Block[]>,
  ): Promise<void> {
    const wanted = blocks.filter((block) => !block.isLoaded);
    if (wanted.length === 0) return;
    const missing = wanted.filter(({ cold }) => this.#ahead.find(nameOf(cold!)) === undefined);
    this.stats.aheadHits += wanted.length - missing.length;
    const fetched = missing.length === 0 ? undefined : await this.#fetch(missing, await neighbours());
    for (const block of wanted) {
      const name = nameOf(block.cold!);
      const sealed = this.#ahead.find(name) ?? fetched?.get(name);
      // Dropped while others were being fetched.
      if (sealed === undefined) await this.load(table, partition, [block], neighbours);
      else block.fill(this.#open(table, partition, block, sealed).rows);
      this.#ahead.delete(name);
    }
  }

  /** What is sealed in the store, as it lies there. */
  async fetchSealed({
    object,
    offset,
    length,
  }: Omit<ColdPlace, "checksum" | "newestMs">): Promise<Uint8Array> {
    this.stats.reads += 1;
    this.stats.readBytes += length;
    return this.#options.objects.read(object, offset, length);
  }

  /** The table that names the places to which blocks in the store are bound. */
  tableOf(table: TableSpec): TableSpec {
    let found = this.#tables.get(table.name);
    if (found === undefined) {
      found = companionTable(table, "cold");
      this.#tables.set(table.name, found);
    }
    return found;
  }

  /** Opens what was fetched for a block. */
  #open(table: TableSpec, partition: Key, block: Block, sealed: Uint8Array): Block {
    const { object, length, checksum } = block.cold!;
    if (sealed.length !== length || crc32(sealed) !== checksum) throw corrupt(object);
    const place = { table: this.tableOf(table), partition, sort: [block.last] };
    const value = this.#options.seals.open(place, sealed);
    // Its pointer could be opened a moment ago.
    if (value === undefined) throw new Failure("cold-missing", "The rows were destroyed meanwhile.");
    const opened = decodeBlock(value, 0);
    const isSame = opened.first === block.first && opened.last === block.last && opened.count === block.count;
    if (!isSame || opened.cold !== undefined) throw corrupt(object);
    return opened;
  }

  /** Fetches blocks, and of their neighbours those that lie next to one. */
  async #fetch(
    missing: readonly Block[],
    neighbours: readonly Block[],
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const fetched = new Map<string, Uint8Array>();
    const wanted = new Set(missing);
    const others = neighbours.filter(
      (block) => !block.isLoaded && this.#ahead.peek(nameOf(block.cold!)) === undefined,
    );
    for (const run of runsOf([...new Set([...missing, ...others])])) {
      if (!run.some((block) => wanted.has(block))) continue;
      const { object, offset } = run[0]!.cold!;
      const end = run.at(-1)!.cold!;
      const bytes = await this.fetchSealed({ object, offset, length: end.offset + end.length - offset });
      for (const block of run) {
        const place = block.cold!;
        const start = place.offset - offset;
        const sealed = bytes.subarray(start, start + place.length);
        fetched.set(nameOf(place), sealed);
        // A copy, so that what is kept does not keep the whole run.
        if (!wanted.has(block)) this.#ahead.put(nameOf(place), Uint8Array.from(sealed));
      }
    }
    this.#ahead.cutTo(AHEAD_MAX);
    return fetched;
  }
}

/** Cuts blocks into runs that lie next to each other in one object. */
function runsOf(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const sorted = blocks.toSorted((one, other) => {
    const [left, right] = [one.cold!, other.cold!];
    if (left.object !== right.object) return left.object < right.object ? -1 : 1;
    return left.offset - right.offset;
  });
  const runs: Block[][] = [];
  for (const block of sorted) {
    const run = runs.at(-1);
    const { object, offset, length } = block.cold!;
    const before = run?.at(-1)?.cold;
    const isNext = before?.object === object && before.offset + before.length === offset;
    const isSmall = isNext && offset + length - run![0]!.cold!.offset <= READ_BYTES_MAX;
    if (isSmall) run!.push(block);
    else runs.push([block]);
  }
  return runs;
}

function nameOf({ object, offset }: ColdPlace): string {
  return `${object}/${offset}`;
}

function corrupt(object: string): Failure {
  return new Failure(
    "tables-corrupt",
    `A block in the file ${object} of the cold tier is not what was stored. Restore the data directory from a backup.`,
    { details: { object } },
  );
}
