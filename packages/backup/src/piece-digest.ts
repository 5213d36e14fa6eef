import { type Hash, createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { BLOCK_BYTES, type Piece } from "./manifest.js";

/** The checksums of a piece, computed while it passes. */
export class PieceDigest {
  readonly #name: string;
  readonly #hash: Hash = createHash("sha256");
  readonly #blocks: number[] = [];
  #bytes = 0;
  /** Of the block that is not full. */
  #blockBytes = 0;
  #crc = 0;

  constructor(name: string) {
    this.#name = name;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#blockBytes);
      this.#crc = crc32(part, this.#crc);
      this.#blockBytes += part.length;
      at += part.length;
      if (this.#blockBytes === BLOCK_BYTES) this.#endBlock();
    }
  }

  piece(): Piece {
    if (this.#blockBytes > 0) this.#endBlock();
    return {
      name: this.#name,
      bytes: this.#bytes,
      sha256: this.#hash.digest("hex"),
      blocks: this.#blocks,
    };
  }

  #endBlock(): void {
    this.#blocks.push(this.#crc);
    this.#blockBytes = 0;
    this.#crc = 0;
  }
}
