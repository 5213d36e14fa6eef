import { encodeTuple, type EncodedKey } from "./key-encoding.js";
import type { SortBounds } from "./range-query.js";
import type { SortedRows } from "./sorted-rows.js";
import { isExpired } from "./stored-value.js";
import type { Row, Write } from "./tables.js";

/** What a merge reads from. */
export interface MergeSources {
  readonly bounds: SortBounds;
  readonly isDescending: boolean;
  readonly limit: number;
  readonly nowMs: number;
  /** Newest first: a row of an earlier one hides the same row of a later one, and of the engine. */
  readonly staged: readonly SortedRows<Write>[];
  /** What the engine has, from the range's beginning on. */
  readonly stored: readonly Row[];
  /** The engine has nothing beyond `stored` in this range. */
  readonly isStoredAll: boolean;
}

/** The merged rows; `isComplete` is false when more of the engine's rows are needed to reach the limit. */
export interface MergedRange {
  readonly rows: readonly Row[];
  readonly isComplete: boolean;
}

interface Cursor {
  key: EncodedKey | undefined;
  readonly advance: () => void;
  readonly row: (key: EncodedKey) => Row | undefined;
}

/**
 * Merges one range of staged and stored rows, as a machine sees it.
 * Cost: in the rows returned and hidden, not in the rows staged, once these are sorted.
 */
export function mergeRange(sources: MergeSources): MergedRange {
  const cursors = sources.staged.map((rows) => stagedCursor(rows, sources));
  const storedRows = storedCursor(sources.stored);
  cursors.push(storedRows);
  const rows: Row[] = [];
  while (rows.length < sources.limit) {
    // Beyond the last row the engine gave, it may have rows that come before the staged ones.
    if (storedRows.key === undefined && !sources.isStoredAll) return { rows, isComplete: false };
    const key = nextKey(cursors, sources.isDescending);
    if (key === undefined) break;
    const row = cursors.find((cursor) => cursor.key === key)?.row(key);
    if (row !== undefined) rows.push(row);
    for (const cursor of cursors) if (cursor.key === key) cursor.advance();
  }
  return { rows, isComplete: true };
}

/** The row that a staged write leaves, or undefined when it leaves none. */
export function stagedRow(write: Write, nowMs: number): Row | undefined {
  return write.kind === "delete" || isExpired(write.expiresAtMs, nowMs) ? undefined : write;
}

function stagedCursor(rows: SortedRows<Write>, sources: MergeSources): Cursor {
  const { keys, start, end } = rows.between(sources.bounds);
  const step = sources.isDescending ? -1 : 1;
  let index = sources.isDescending ? end - 1 : start;
  const keyHere = (): EncodedKey | undefined => (index >= start && index < end ? keys[index] : undefined);
  const cursor: Cursor = {
    key: keyHere(),
    advance() {
      index += step;
      cursor.key = keyHere();
    },
    row(key) {
      const write = rows.get(key);
      const row = write === undefined ? undefined : stagedRow(write, sources.nowMs);
      return row === undefined ? undefined : { sort: row.sort, value: row.value };
    },
  };
  return cursor;
}

function storedCursor(stored: readonly Row[]): Cursor {
  let index = 0;
  const keyHere = (): EncodedKey | undefined => {
    const row = stored[index];
    return row === undefined ? undefined : encodeTuple(row.sort);
  };
  const cursor: Cursor = {
    key: keyHere(),
    advance() {
      index += 1;
      cursor.key = keyHere();
    },
    row: () => stored[index],
  };
  return cursor;
}

function nextKey(cursors: readonly Cursor[], isDescending: boolean): EncodedKey | undefined {
  let best: EncodedKey | undefined;
  for (const { key } of cursors) {
    if (key === undefined) continue;
    if (best === undefined || (isDescending ? key > best : key < best)) best = key;
  }
  return best;
}
