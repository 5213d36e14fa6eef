import { encodePartition, encodeTuple } from "../key-encoding.js";
import type { RowKey, TableSpec } from "../tables.js";

/** Rows that are remembered; more means that a chunk is read again while nothing is written. */
const TOUCHED_ROWS_MAX = 20_000;

/** Which rows of the tables that are being indexed were written since somebody began to read them. */
export class TouchedRows {
  readonly #readers = new Map<string, Set<Touched>>();

  /** Begins to remember. Call while nothing is written. */
  begin(tableName: string): Touched {
    const touched = new Touched(() => void this.#readers.get(tableName)?.delete(touched));
    const readers = this.#readers.get(tableName);
    if (readers === undefined) this.#readers.set(tableName, new Set([touched]));
    else readers.add(touched);
    return touched;
  }

  /** Whether somebody reads the table. */
  isWatched(tableName: string): boolean {
    return (this.#readers.get(tableName)?.size ?? 0) > 0;
  }

  /** Notes that a row, by its name, is about to be written. */
  note(tableName: string, name: string): void {
    const readers = this.#readers.get(tableName);
    if (readers !== undefined) for (const touched of readers) touched.add(name);
  }
}

/** What one reader has to leave alone. */
export class Touched {
  readonly #names = new Set<string>();
  readonly #end: () => void;
  #isTooMany = false;

  constructor(end: () => void) {
    this.#end = end;
  }

  /** More rows were written than are remembered: any may have been. */
  get isTooMany(): boolean {
    return this.#isTooMany;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    if (this.#names.size < TOUCHED_ROWS_MAX) this.#names.add(name);
    else this.#isTooMany = true;
  }

  end(): void {
    this.#end();
    this.#names.clear();
  }
}

/** The name of a row, the same for the same row. */
export function rowName(table: TableSpec, { partition, sort }: RowKey): string {
  return encodePartition(table, partition) + encodeTuple(sort);
}
