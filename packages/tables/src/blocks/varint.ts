/** Unsigned LEB128: seven bits a byte, the lowest first. Values are safe integers. */

const LOW_BITS = 0x80;

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= LOW_BITS; rest = Math.floor(rest / LOW_BITS)) length += 1;
  return length;
}

/** Returns the position after it. */
export function writeVarint(target: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= LOW_BITS) {
    target[at++] = (rest % LOW_BITS) | LOW_BITS;
    rest = Math.floor(rest / LOW_BITS);
  }
  target[at++] = rest;
  return at;
}

/** Reads one number after another. `isBroken` says that the bytes ended early or gave no safe integer. */
export class VarintReader {
  position: number;
  isBroken = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= LOW_BITS) {
      const byte = this.#bytes[this.position++];
      if (byte === undefined) return this.#broken();
      value += (byte & (LOW_BITS - 1)) * factor;
      if (!Number.isSafeInteger(value)) return this.#broken();
      if (byte < LOW_BITS) return value;
    }
  }

  #broken(): number {
    this.isBroken = true;
    return 0;
  }
}
