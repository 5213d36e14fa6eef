/**
 * Blobs: large files, in parts that are put one by one and are durable each by itself, and in blocks that are sealed each by
 * itself, so that any range is read without the rest.
 *
 *   blob  ── every 1 MiB ──►  part (an object of the store)  ── every 64 KiB ──►  block := ciphertext, nonce and tag
 *
 *   1  A block opens only in its place: tenant, id, variant, length of the whole blob and number are bound to it.
 *   2  A part that is there is whole. What is shorter, longer, changed or in another place is told, never given out.
 *   3  When a tenant's keys are destroyed, its blobs cannot be read any more, wherever copies of them are.
 */
import { Failure, assert } from "@parley/base";
import type { BlobSeals } from "./blob-seals.js";
import type { BlobStore } from "./blob-store.js";
import { partName } from "./part-name.js";

/** Both are part of the format: what is stored was cut by them. */
export const BLOB_PART_BYTES = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** Read at a time, and held in memory by a reader that is slow. */
const READ_BLOCKS = 4;

/** Which blob, and how long it is: what names it without its length cannot read it. */
export interface Blob {
  readonly tenant: string;
  readonly id: string;
  readonly variant: string;
  readonly bytes: number;
}

export interface BlobsOptions {
  readonly store: BlobStore;
  readonly seals: BlobSeals;
  /** For tests with little data; a whole number of blocks. */
  readonly partBytes?: number;
  readonly blockBytes?: number;
}

export class Blobs {
  readonly #store: BlobStore;
  readonly #seals: BlobSeals;
  readonly #blockBytes: number;
  /** What a part holds, but for the last one. */
  readonly partBytes: number;

  constructor({ store, seals, partBytes = BLOB_PART_BYTES, blockBytes = BLOCK_BYTES }: BlobsOptions) {
    assert(partBytes % blockBytes === 0, "a part is a whole number of blocks");
    this.#store = store;
    this.#seals = seals;
    this.partBytes = partBytes;
    this.#blockBytes = blockBytes;
  }

  /** How many bytes of a part there are to be; 0 beyond the end. */
  lengthOf(blob: Blob, part: number): number {
    return Math.max(0, Math.min(this.partBytes, blob.bytes - part * this.partBytes));
  }

  /** Puts one whole part. Durable; twice with the same bytes is as once. Errors: those of the store and of the keys. */
  async put(blob: Blob, part: number, bytes: Uint8Array): Promise<void> {
    assert(bytes.length > 0 && bytes.length === this.lengthOf(blob, part), "a part is put whole");
    const { overheadBytes } = this.#seals;
    const sealed = new Uint8Array(this.#sealedBytes(bytes.length));
    let written = 0;
    for (let at = 0; at < bytes.length; at += this.#blockBytes) {
      const plain = bytes.subarray(at, at + this.#blockBytes);
      const block = (part * this.partBytes + at) / this.#blockBytes;
      const box = await this.#seals.seal(blob.tenant, placeOf(blob, block), plain);
      assert(box.length === plain.length + overheadBytes, "a seal adds what it says");
      sealed.set(box, written);
      written += box.length;
    }
    await this.#store.put(partName({ ...blob, part }), sealed);
  }

  /** How many bytes there are from the beginning on without a hole. Cost: a look at each part. Errors: those of the store. */
  async heldBytes(blob: Blob): Promise<number> {
    let held = 0;
    for (let part = 0; held < blob.bytes; part++) {
      const expected = this.lengthOf(blob, part);
      const found = await this.#store.length(partName({ ...blob, part }));
      if (found !== this.#sealedBytes(expected)) break;
      held += expected;
    }
    return held;
  }

  /**
   * The bytes from `start` to before `end`, in pieces of at most a block.
   * Errors: "blob-missing", "blob-corrupt", "blob-destroyed" (its key), those of the store and of the keys.
   */
  async *read(blob: Blob, start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    assert(start >= 0 && start <= end && end <= blob.bytes, "a range is within its blob");
    const boxBytes = this.#blockBytes + this.#seals.overheadBytes;
    let sealed: Uint8Array = new Uint8Array(0);
    let firstBlock = 0;
    for (let at = start; at < end;) {
      const block = Math.floor(at / this.#blockBytes);
      if ((block - firstBlock) * boxBytes >= sealed.length) {
        firstBlock = block;
        const readEnd = Math.min(end, (block + READ_BLOCKS) * this.#blockBytes);
        sealed = await this.#readSealed(blob, Math.floor(at / this.partBytes), { start: at, end: readEnd });
      }
      const box = sealed.subarray((block - firstBlock) * boxBytes, (block - firstBlock + 1) * boxBytes);
      const plain = this.#open(blob, block, box);
      const blockStart = block * this.#blockBytes;
      const stop = Math.min(end, blockStart + plain.length);
      yield plain.subarray(at - blockStart, stop - blockStart);
      at = stop;
    }
  }

  /** Removes all parts that a blob of this length can have. Idempotent. Errors: those of the store. */
  async delete(blob: Blob): Promise<void> {
    const parts = Math.ceil(blob.bytes / this.partBytes);
    for (let part = 0; part < parts; part++) await this.#store.delete(partName({ ...blob, part }));
  }

  /** The sealed blocks of one part that hold a range. */
  async #readSealed(
    blob: Blob,
    part: number,
    range: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    const partStart = part * this.partBytes;
    const partEnd = partStart + this.lengthOf(blob, part);
    const first = Math.floor((range.start - partStart) / this.#blockBytes);
    const last = Math.ceil((Math.min(range.end, partEnd) - partStart) / this.#blockBytes);
    const plainStart = first * this.#blockBytes;
    const plainEnd = Math.min(last * this.#blockBytes, partEnd - partStart);
    const offset = first * (this.#blockBytes + this.#seals.overheadBytes);
    const length = this.#sealedBytes(plainEnd - plainStart);
    const sealed = await this.#store.read(partName({ ...blob, part }), offset, length);
    if (sealed.length !== length) throw corrupt(blob, part);
    return sealed;
  }

  #open(blob: Blob, block: number, box: Uint8Array): Uint8Array {
    const plain = this.#seals.open(blob.tenant, placeOf(blob, block), box);
    if (plain === "destroyed") {
      throw new Failure(
        "blob-destroyed",
        `The key of the blob ${blob.id} was destroyed: nobody can read it.`,
      );
    }
    const part = Math.floor((block * this.#blockBytes) / this.partBytes);
    const expected = Math.min(this.#blockBytes, blob.bytes - block * this.#blockBytes);
    if (plain === "damaged" || plain.length !== expected) throw corrupt(blob, part);
    return plain;
  }

  /** Of so many bytes that begin with a block. */
  #sealedBytes(bytes: number): number {
    return bytes + Math.ceil(bytes / this.#blockBytes) * this.#seals.overheadBytes;
  }
}

function placeOf({ tenant, id, variant, bytes }: Blob, block: number): Uint8Array {
  return Buffer.from(`parley blob ${tenant} ${id} ${variant} ${bytes} ${block}`, "latin1");
}

function corrupt(blob: Blob, part: number): Failure {
  return new Failure(
    "blob-corrupt",
    `The part ${partName({ ...blob, part })} is damaged: restore it from a backup.`,
    { details: { part: partName({ ...blob, part }) } },
  );
}
