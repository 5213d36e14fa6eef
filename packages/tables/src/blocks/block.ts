/** A run of rows of one partition that is stored as one value. */
import { AssertionFailure } from "@parley/base";

export interface PackedRow {
  readonly number: number;
  readonly value: Uint8Array;
  readonly expiresAtMs?: number | undefined;
}

/** What is known of a block without its rows. */
export interface BlockHead {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Of its rows, unpacked. */
  readonly bytes: number;
  /** The CRC-32 of what stands for it in the tables: another block has another one. */
  readonly checksum: number;
}

/** Where the cold tier keeps a block. */
export interface ColdPlace {
  readonly object: string;
  readonly offset: number;
  readonly length: number;
  /** The CRC-32 of what lies there. */
  readonly checksum: number;
  /** The time of its newest row. */
  readonly newestMs: number;
}

/** The rows of one block, to be looked up by number. */
export class Block implements BlockHead {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly bytes: number;
  readonly checksum: number;
  /** Undefined: its rows are at hand. Otherwise they have to be `filled` in before they are looked at. */
  readonly cold: ColdPlace | undefined;
  readonly #rows: () => readonly PackedRow[];
  #opened: readonly PackedRow[] | undefined;

  constructor(head: BlockHead, rows: (() => readonly PackedRow[]) | ColdPlace) {
    this.first = head.first;
    this.last = head.last;
    this.count = head.count;
    this.bytes = head.bytes;
    this.checksum = head.checksum;
    this.cold = typeof rows === "function" ? undefined : rows;
    this.#rows = typeof rows === "function" ? rows : notLoaded;
  }

  /** Whether its rows are at hand. */
  get isLoaded(): boolean {
    return this.cold === undefined || this.#opened !== undefined;
  }

  /** Gives a cold block its rows. */
  fill(rows: readonly PackedRow[]): void {
    this.#opened = rows;
  }

  /** Ascending. Cost: unpacks at the first call. Errors: "tables-corrupt". */
  get rows(): readonly PackedRow[] {
    this.#opened ??= this.#rows();
    return this.#opened;
  }

  find(number: number): PackedRow | undefined {
    const row = this.rows[this.lowerBound(number)];
    return row?.number === number ? row : undefined;
  }

  /** The index of the first row that is not below `number`. */
  lowerBound(number: number): number {
    const { rows } = this;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[middle]!.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function notLoaded(): never {
  throw new AssertionFailure("a cold block is loaded before its rows are looked at");
}
