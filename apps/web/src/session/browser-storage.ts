/** The browser's storages, or one in memory when the browser lends none. */

/** The part of a browser's storage that is used. */
export type KeyValues = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** The names that begin so. */
export function keysOf(storage: KeyValues, prefix: string): readonly string[] {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  return keys.filter((key) => key.startsWith(prefix));
}

/** What `find` gives, unless the browser refuses it: then values live as long as the page. */
export function storageOf(find: () => KeyValues): KeyValues {
  try {
    return find();
  } catch {
    // With all site data blocked the mere mention throws.
    return memoryStorage();
  }
}

/** A storage in memory. */
export function memoryStorage(): KeyValues {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    key: (index) => [...values.keys()][index] ?? null,
    get length() {
      return values.size;
    },
  };
}
