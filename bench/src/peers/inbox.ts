/** Joins what a socket gives piece by piece, so that a reader sees whole things. */

const NOTHING = Buffer.alloc(0);

/** Reads whole things from `bytes`, which are good until it returns, and returns where the first one begins that is not whole; `bytes.length` when all were. */
export type ReadWhole = (bytes: Buffer) => number;

export class Inbox {
  readonly #read: ReadWhole;
  #rest: Buffer = NOTHING;

  constructor(read: ReadWhole) {
    this.#read = read;
  }

  /** Takes the next piece, which the caller may use again afterwards: what was not whole is copied. */
  take(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = NOTHING;
    const until = this.#read(bytes);
    if (until < bytes.length)
      this.#rest = bytes === piece ? Buffer.from(piece.subarray(until)) : bytes.subarray(until);
  }
}
