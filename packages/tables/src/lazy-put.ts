import type { Key, TableSpec } from "./tables.js";

/**
 * A put whose value is encoded when it is first read or flushed. Rows that are written again before the next flush, such
 * as heads and list entries, are then encoded once per flush instead of once per change.
 */
export class LazyPut {
  readonly kind = "put";
  readonly table: TableSpec;
  readonly sort: Key;
  readonly sizeHint: number;
  readonly #encode: () => Uint8Array;
  #value: Uint8Array | undefined;

  /** `encode` must give the same bytes whenever it is called: capture values that never change. */
  constructor(table: TableSpec, sort: Key, sizeHint: number, encode: () => Uint8Array) {
    this.table = table;
    this.sort = sort;
    this.sizeHint = sizeHint;
    this.#encode = encode;
  }

  get value(): Uint8Array {
    this.#value ??= this.#encode();
    return this.#value;
  }
}
