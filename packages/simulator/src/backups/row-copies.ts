/** Rows of simulated tables as a backup has them: encoded key, and value behind its checksum. */
import { crc32 } from "node:zlib";
import { openStoredRow, type RowImport, type StoredRow, type StoredRows } from "@parley/engine-embedded";
import {
  decodeRowKey,
  type EncodedKey,
  encodePartition,
  encodeTuple,
  type MemoryTableStore,
  SORT_KEYS_END,
} from "@parley/tables";
import { assert } from "@parley/base";

const PAGE_ROWS = 200;
const CHECKSUM_BYTES = 4;
const FIRST_KEY = "" as EncodedKey;
const KEYS_END = "\u00ff" as EncodedKey;
const NAME_END = "\u0000";

/** All rows as they are at the call; `pause` is awaited before each page. */
export function snapshotRows(store: MemoryTableStore, pause: () => Promise<void>): StoredRows {
  const rows: StoredRow[] = [];
  for (const partition of store.partitionsBetween(FIRST_KEY, KEYS_END)) {
    const found = store.rows(partition)!;
    const { keys, start, end } = found.between({ from: FIRST_KEY, before: SORT_KEYS_END });
    for (const sort of keys.slice(start, end)) rows.push(storedRow(partition + sort, found.get(sort)!));
  }
  return {
    async next() {
      await pause();
      return rows.splice(0, PAGE_ROWS);
    },
    close: () => Promise.resolve(),
  };
}

/** Puts the rows of a backup into an empty store. */
export function importRows(store: MemoryTableStore): RowImport {
  return {
    async put(rows) {
      for (const row of rows) {
        const key = row[0].toString("latin1");
        const table = { name: key.slice(0, key.indexOf(NAME_END)) };
        const place = decodeRowKey(table, key);
        const stored = openStoredRow(row);
        assert(place !== undefined && stored !== undefined, "a backup that is verified has sound rows");
        const partition = encodePartition(table, place.partition);
        store.write({ partition, sort: encodeTuple(place.sort) }, stored, true);
      }
    },
    close: () => Promise.resolve(),
  };
}

function storedRow(key: string, value: Uint8Array): StoredRow {
  const keyBytes = Buffer.from(key, "latin1");
  const stored = Buffer.allocUnsafe(CHECKSUM_BYTES + value.length);
  stored.set(value, CHECKSUM_BYTES);
  stored.writeUInt32LE(crc32(value, crc32(keyBytes)), 0);
  return [keyBytes, stored];
}
