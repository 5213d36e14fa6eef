/**
 * Finds out what of the store is still pointed to, and frees the rest. The directory of each object says whom to ask: only a
 * pointer that leads back to it keeps a block alive.
 */
import { failureCode, type Random } from "@parley/base";
import type { Block } from "../blocks/block.js";
import type { BlockReader } from "../blocks/block-reader.js";
import type { Tables, TableSpec } from "../tables.js";
import { Bundle } from "./bundle.js";
import { type Extent, readDirectory } from "./cold-object.js";
import { decodePointer, encodePointer, POINTER_FORMAT } from "./cold-pointer.js";
import type { ColdReader } from "./cold-reader.js";
import type { ColdSpace, ColdWork } from "./cold-tier.js";
import type { Group, Mover } from "./mover.js";
import type { ObjectStore, StoredObject } from "./object-store.js";

/** An object of which less lives is written anew, without what is dead. */
const LIVE_SHARE_MIN = 0.5;

export interface SweepOptions {
  readonly tables: Tables;
  readonly blocks: BlockReader;
  readonly coldReader: ColdReader;
  readonly objects: ObjectStore;
  readonly random: Random;
  readonly objectBytes: number;
  readonly mover: Pick<Mover, "store" | "paced">;
  /** Whether nothing may be deleted now. */
  readonly isHeld: () => boolean;
}

interface Living {
  readonly extent: Extent;
  readonly table: TableSpec;
  readonly pointer: Block;
}

type Counted = { -readonly [K in keyof ColdSpace]: number };

export class Sweep {
  readonly #options: SweepOptions;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Errors: as `ColdTier.sweep`. Cost: two small reads for each object, one look-up for each block. */
  async run(tables: readonly TableSpec[], work: ColdWork): Promise<ColdSpace> {
    const { objects, random, objectBytes, mover } = this.#options;
    const space = { objects: 0, bytes: 0, freedObjects: 0, freedBytes: 0, damagedObjects: 0 };
    const sparse: { readonly object: StoredObject; readonly living: readonly Living[] }[] = [];
    for (let after = ""; work.isCancelled?.() !== true;) {
      const page = await objects.list(after);
      if (page.length === 0) break;
      after = page.at(-1)!.name;
      for (const object of page) {
        await mover.paced(work, async () => {
          const living = await this.#livingIfSound(object, tables, space);
          space.objects += 1;
          space.bytes += object.bytes;
          if (living?.length === 0) await this.#free(object, space);
          else if (living !== undefined && shareOf(living, object) < LIVE_SHARE_MIN)
            sparse.push({ object, living });
        });
      }
    }
    let bundle = new Bundle(random);
    let groups: Group[] = [];
    for (const [index, { object, living }] of sparse.entries()) {
      for (const each of living) groups.push(await this.#relocated(each, object.name, bundle));
      if (bundle.bytes < objectBytes && index < sparse.length - 1) continue;
      space.bytes += await mover.store(bundle, groups, work);
      space.objects += 1;
      bundle = new Bundle(random);
      groups = [];
    }
    // What was moved out of is free now, unless a block was changed meanwhile.
    for (const { object } of sparse) {
      const living = await this.#living(object, tables);
      if (living?.length === 0) await this.#free(object, space);
    }
    return space;
  }

  /** As `#living`. What is damaged stays: parts of it may still be read, and nothing else has to wait for it. */
  async #livingIfSound(
    object: StoredObject,
    tables: readonly TableSpec[],
    space: Counted,
  ): Promise<readonly Living[] | undefined> {
    try {
      return await this.#living(object, tables);
    } catch (error) {
      if (failureCode(error) !== "tables-corrupt") throw error;
      space.damagedObjects += 1;
      return undefined;
    }
  }

  /** The blocks of an object that are pointed to. Undefined when it holds something of a table that is not known. */
  async #living(
    { name, bytes }: StoredObject,
    tables: readonly TableSpec[],
  ): Promise<readonly Living[] | undefined> {
    const { objects, blocks, tables: engine } = this.#options;
    const extents = await readDirectory(name, bytes, (offset, length) => objects.read(name, offset, length));
    const living: Living[] = [];
    for (const tableName of new Set(extents.map(({ table }) => table))) {
      const table = tables.find((each) => each.name === tableName);
      if (table === undefined) return undefined;
      const own = extents.filter((extent) => extent.table === tableName);
      const keys = own.map(({ partition, last }) => ({ partition, sort: [last] }));
      const values = await engine.findMany(blocks.tableOf(table), keys);
      for (const [index, extent] of own.entries()) {
        const value = values[index];
        if (value?.[0] !== POINTER_FORMAT) continue;
        const pointer = decodePointer(value, 0);
        const { object, offset } = pointer.cold!;
        if (object === name && offset === extent.offset) living.push({ extent, table, pointer });
      }
    }
    return living;
  }

  /** Puts a block into another object, sealed as it is. */
  async #relocated({ extent, table, pointer }: Living, object: string, bundle: Bundle): Promise<Group> {
    const { blocks, coldReader } = this.#options;
    const { partition, last, offset, length } = extent;
    const sealed = await coldReader.fetchSealed({ object, offset, length });
    const added = bundle.add({ table: table.name, partition, last }, sealed);
    const { newestMs } = pointer.cold!;
    const value = encodePointer(pointer, { ...added, newestMs });
    return {
      partition,
      rows: 0,
      line: { isBroken: false },
      writes: [{ kind: "put", table: blocks.tableOf(table), sort: [last], value }],
      isSame: async () => {
        const [held] = await blocks.from(table, partition, last, 1);
        return held?.cold?.object === object && held.cold.offset === offset;
      },
    };
  }

  async #free(object: StoredObject, space: Counted): Promise<void> {
    if (this.#options.isHeld()) return;
    await this.#options.objects.delete(object.name);
    space.objects -= 1;
    space.bytes -= object.bytes;
    space.freedObjects += 1;
    space.freedBytes += object.bytes;
  }
}

function shareOf(living: readonly Living[], { bytes }: StoredObject): number {
  return living.reduce((sum, { extent }) => sum + extent.length, 0) / bytes;
}
