/** Redis' protocol (RESP 2), read piece by piece: strings are told with where they stand in the nested arrays of a reply. */

const CRLF = Buffer.from("\r\n");
const LETTER = { ARRAY: 42, BULK: 36, NUMBER: 58, SIMPLE: 43, ERROR: 45 } as const;
const ZERO = 48;

export interface RespTaker {
  /** A string: how many arrays it is in, and how many of the innermost one's values are left, with this one. */
  onString(bytes: Buffer, range: readonly [number, number], depth: number, left: number): void;
  onError(text: string): void;
  /** A reply is over. */
  onReply(): void;
}

export class RespReader {
  readonly #taker: RespTaker;
  /** Values that are still to come in each array that is open, the outermost first. */
  readonly #left: number[] = [];

  constructor(taker: RespTaker) {
    this.#taker = taker;
  }

  /** Takes the values that are whole in `bytes`, and returns where the first begins that is not. */
  read(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(CRLF, at);
      if (lineEnd < 0) return at;
      const first = bytes[at];
      let next = lineEnd + CRLF.length;
      if (first === LETTER.ARRAY) {
        const count = numberAt(bytes, at + 1, lineEnd);
        at = next;
        if (count > 0) this.#left.push(count);
        else this.#done();
        continue;
      }
      if (first === LETTER.BULK) {
        const length = numberAt(bytes, at + 1, lineEnd);
        if (length >= 0) {
          const end = next + length;
          if (end + CRLF.length > bytes.length) return at;
          const depth = this.#left.length;
          this.#taker.onString(bytes, [next, end], depth, this.#left[depth - 1] ?? 0);
          next = end + CRLF.length;
        }
      } else if (first === LETTER.ERROR) this.#taker.onError(bytes.toString("latin1", at + 1, lineEnd));
      else if (first !== LETTER.NUMBER && first !== LETTER.SIMPLE)
        throw new Error(`A reply begins with byte ${first}.`);
      at = next;
      this.#done();
    }
  }

  /** A value is over, and with it every array that it was the last of. */
  #done(): void {
    const left = this.#left;
    while (left.length > 0) {
      left[left.length - 1]! -= 1;
      if (left[left.length - 1]! > 0) return;
      left.pop();
    }
    this.#taker.onReply();
  }
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === LETTER.ERROR) return -1;
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at]! - ZERO;
  return value;
}

/** A command and its arguments, which are of characters below 128. */
export function commandOf(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
