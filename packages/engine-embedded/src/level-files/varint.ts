/** LevelDB's integers and byte strings of variable length, read one after another. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#end = end;
    this.at = start;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** Up to 2^53; undefined when the bytes end before it does, it is larger, or it is written in more bytes than it takes. */
  varint(): number | undefined {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      if (this.isAtEnd) return undefined;
      const byte = this.#bytes[this.at++]!;
      value += (byte & 127) * scale;
      const isMinimal = byte !== 0 || scale === 1;
      if (byte < 128) return isMinimal && Number.isSafeInteger(value) ? value : undefined;
    }
    return undefined;
  }

  /** The next `length` bytes as a view; undefined when there are fewer. */
  take(length: number): Uint8Array | undefined {
    if (length > this.#end - this.at) return undefined;
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** Bytes with their length in front. */
  prefixed(): Uint8Array | undefined {
    const length = this.varint();
    return length === undefined ? undefined : this.take(length);
  }
}
