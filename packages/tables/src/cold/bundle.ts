import { crc32 } from "node:zlib";
import type { Random } from "@parley/base";
import type { ColdPlace } from "../blocks/block.js";
import type { Key } from "../tables.js";
import { encodeObject, type Extent, OBJECT_START } from "./cold-object.js";
import { OBJECT_NAME_BYTES } from "./cold-pointer.js";

/** Blocks on their way into one object. */
export class Bundle {
  readonly name: string;
  readonly #blocks: Uint8Array[] = [];
  readonly #extents: Extent[] = [];
  #end = OBJECT_START;

  constructor(random: Random) {
    this.name = Buffer.from(random.bytes(OBJECT_NAME_BYTES)).toString("hex");
  }

  /** Of the object, without its directory. */
  get bytes(): number {
    return this.#end;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Adds a sealed block, and says where it will lie. */
  add(
    at: { readonly table: string; readonly partition: Key; readonly last: number },
    sealed: Uint8Array,
  ): Omit<ColdPlace, "newestMs"> {
    const offset = this.#end;
    const { length } = sealed;
    this.#blocks.push(sealed);
    this.#extents.push({ ...at, offset, length });
    this.#end += length;
    return { object: this.name, offset, length, checksum: crc32(sealed) };
  }

  encode(): Uint8Array {
    return encodeObject(this.#blocks, this.#extents);
  }
}
