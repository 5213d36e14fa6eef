/**
 * What was used last, at most so much of it. It does what `LruMap` does, with a move for each hit and a third of the code: every page
 * loads it.
 */
export class RecentMap<K, V> {
  readonly #map = new Map<K, V>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** The value, which now counts as used; or undefined. */
  find(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) this.put(key, value);
    return value;
  }

  /** The value, without counting as a use. */
  peek(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** Of more than `sizeMax` the one that was not used for longest goes. */
  put(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#sizeMax) this.#map.delete(this.#map.keys().next().value!);
  }

  delete(key: K): void {
    this.#map.delete(key);
  }
}
