import type { EncodedKey } from "./key-encoding.js";
import type { SortBounds } from "./range-query.js";

/** A stretch of sorted keys: those from index `start` up to, without, index `end`. */
export interface KeyStretch {
  readonly keys: readonly EncodedKey[];
  readonly start: number;
  readonly end: number;
}

/**
 * A map that can be read in key order.
 *
 * Cost: rows that are never ranged over pay for the map alone. The first `between` sorts; later ones merge in what was
 * set since, which is linear because the sort finds the runs.
 */
export class SortedRows<Value> {
  readonly #values = new Map<EncodedKey, Value>();
  #sortedKeys: EncodedKey[] | undefined;
  #isSorted = true;

  get size(): number {
    return this.#values.size;
  }

  get(key: EncodedKey): Value | undefined {
    return this.#values.get(key);
  }

  /** All rows, in no order. */
  entries(): IterableIterator<[EncodedKey, Value]> {
    return this.#values.entries();
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  set(key: EncodedKey, value: Value): void {
    if (this.#sortedKeys !== undefined && !this.#values.has(key)) {
      const last = this.#sortedKeys.at(-1);
      if (last !== undefined && key < last) this.#isSorted = false;
      this.#sortedKeys.push(key);
    }
    this.#values.set(key, value);
  }

  delete(key: EncodedKey): void {
    if (!this.#values.delete(key) || this.#sortedKeys === undefined) return;
    const keys = this.#keysInOrder();
    keys.splice(lowerBound(keys, key), 1);
  }

  /** The keys within bounds, ascending. Valid until the next change. */
  between(bounds: SortBounds): KeyStretch {
    const keys = this.#keysInOrder();
    return { keys, start: lowerBound(keys, bounds.from), end: lowerBound(keys, bounds.before) };
  }

  #keysInOrder(): EncodedKey[] {
    if (this.#sortedKeys === undefined) {
      this.#sortedKeys = [...this.#values.keys()];
      this.#isSorted = false;
    }
    if (!this.#isSorted) {
      this.#sortedKeys.sort(compareKeys);
      this.#isSorted = true;
    }
    return this.#sortedKeys;
  }
}

function compareKeys(left: EncodedKey, right: EncodedKey): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

// The index of the first key that is not below `bound`.
function lowerBound(keys: readonly EncodedKey[], bound: EncodedKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? bound) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
