/**
 * A cache that can be cut to a size, dropping what was not used for long. It keeps two generations: the recent ones were
 * used since the older ones last ran out, and are dropped after all of those. A hit among the recent ones costs one
 * look-up and writes nothing, where an exact order of use would move an entry each time.
 */
export class LruMap<K, V> {
  #recent = new Map<K, V>();
  #older = new Map<K, V>();

  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** The value, which now counts as used; or undefined. */
  find(key: K): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined || this.#older.size === 0) return recent;
    const older = this.#older.get(key);
    if (older === undefined) return undefined;
    this.#older.delete(key);
    this.#recent.set(key, older);
    return older;
  }

  /** The value, without counting as a use. */
  peek(key: K): V | undefined {
    return this.#recent.get(key) ?? this.#older.get(key);
  }

  put(key: K, value: V): void {
    this.#older.delete(key);
    this.#recent.set(key, value);
  }

  delete(key: K): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Leaves at most `sizeMax` entries. Cost: what is dropped; now and then the recent ones become the older ones. */
  cutTo(sizeMax: number): void {
    if (this.size <= sizeMax) return;
    dropOldest(this.#older, this.size - sizeMax);
    if (this.#older.size > 0) return;
    dropOldest(this.#recent, this.#recent.size - sizeMax);
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}

/** Drops the first `count` entries, which were put first. */
function dropOldest(map: Map<unknown, unknown>, count: number): void {
  let left = count;
  for (const key of map.keys()) {
    if (left <= 0) return;
    map.delete(key);
    left -= 1;
  }
}
