/** A growing list of unsigned 32-bit numbers: four bytes for each, and what is there never moves twice. */
import { assert } from "@parley/base";

const CHUNK_BITS = 16;
const CHUNK_LENGTH = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_LENGTH - 1;
/** A short run should cost little: the first chunk begins with this length and doubles. */
const FIRST_LENGTH = 64;

/** Stands for "none" where a number is expected. */
export const NONE = 0xffff_ffff;

export class Column {
  readonly #chunks: Uint32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    assert(value >>> 0 === value, "a history holds whole numbers from 0 to 4294967295");
    const slot = this.#length & CHUNK_MASK;
    let chunk = this.#chunks[this.#length >>> CHUNK_BITS];
    if (chunk === undefined || slot >= chunk.length) chunk = this.#grow(chunk);
    chunk[slot] = value;
    this.#length++;
  }

  /** The value at an index below `length`. */
  at(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]![index & CHUNK_MASK]!;
  }

  /** Replaces the value at an index below `length`. */
  set(index: number, value: number): void {
    this.#chunks[index >>> CHUNK_BITS]![index & CHUNK_MASK] = value;
  }

  #grow(full: Uint32Array | undefined): Uint32Array {
    if (full === undefined) {
      const chunk = new Uint32Array(this.#chunks.length === 0 ? FIRST_LENGTH : CHUNK_LENGTH);
      this.#chunks.push(chunk);
      return chunk;
    }
    const longer = new Uint32Array(full.length * 2);
    longer.set(full);
    this.#chunks[this.#chunks.length - 1] = longer;
    return longer;
  }
}
