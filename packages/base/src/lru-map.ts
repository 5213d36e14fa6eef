/** A map that remembers the order of use and can be cut to a size, dropping what was not used for longest. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>();

  get size(): number {
    return this.#entries.size;
  }

  /** The value, now the most recently used; or undefined. */
  find(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value, without counting as a use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  put(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  /** Drops the least recently used until at most `sizeMax` remain. */
  cutTo(sizeMax: number): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= sizeMax) return;
      this.#entries.delete(key);
    }
  }
}
