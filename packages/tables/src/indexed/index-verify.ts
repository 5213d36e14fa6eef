/**
 * Compares an index with the rows of its table, both ways, while writes go on.
 *
 *   rows     ─► partition by partition ─┐
 *                                       ├─► entries that rows should have ⇄ entries that are there
 *   entries  ─► partition by partition ─┘
 *
 * The rows of a partition and their entries come one after the other in their tables, so two walks side by side read everything
 * once. A partition that is too large to be held is compared row by row and entry by entry, with look-ups. What does not agree
 * may only have been written between two reads, so it is looked at again while nothing is written. A row and its entry expire
 * at one time.
 */
import { encodeTuple } from "../key-encoding.js";
import type { Key, RowKey, ScannedRow } from "../tables.js";
import type { IndexPace } from "./index-pace.js";
import { checkPresent, type IndexAccess, type IndexWork } from "./index-work.js";
import { isSameBytes, isSameKey, type LocalIndex, rowSortOf } from "./local-index.js";
import { PartitionStream } from "./partition-stream.js";

/** How many of what is wrong is named. */
const EXAMPLES_MAX = 10;
/** Rows, or entries, of a partition that are held to compare it as a whole. */
export const HELD_ROWS_MAX = 1_024;
/** Rows looked up at a time: a millisecond. */
const LOOK_UPS_MAX = 128;

export interface Verification {
  readonly rows: number;
  readonly entries: number;
  /** Entries that a row should have and the index has not. */
  readonly missing: number;
  /** Entries without a row that should have them. */
  readonly extra: number;
  /** Entries that include something else than they should. */
  readonly different: number;
  /** Some of what is wrong, at most ten. */
  readonly examples: readonly WrongEntry[];
}

export interface WrongEntry {
  readonly what: "missing" | "extra" | "different";
  readonly partition: Key;
  /** The entry's place in the index. */
  readonly place: Key;
}

/** Errors: "index-dropped"; "tables-closed"; those of the engine. Cost: memory for two chunks and a partition, within bounds. */
export async function verifyIndex(
  index: LocalIndex,
  access: IndexAccess,
  work: IndexWork,
): Promise<Verification> {
  const verifier = new Verifier(index, access);
  const pace = access.pace(work);
  for (let isDone = false; !isDone;) {
    isDone = await pace.chunk((rowsMax) => verifier.step(pace, rowsMax));
    const done = verifier.found.rows + verifier.found.entries;
    work.onProgress?.({ table: index.table.name, index: index.spec.name, step: "verifying", done });
  }
  return verifier.found;
}

class Verifier {
  readonly found = { rows: 0, entries: 0, missing: 0, extra: 0, different: 0, examples: [] as WrongEntry[] };
  readonly #index: LocalIndex;
  readonly #access: IndexAccess;
  readonly #generation: number;
  readonly #rows: PartitionStream;
  readonly #entries: PartitionStream;
  /** The partition that is too large to be held, while it is gone through. */
  #large: string | undefined;

  constructor(index: LocalIndex, access: IndexAccess) {
    this.#index = index;
    this.#access = access;
    this.#generation = index.state.generation;
    this.#rows = new PartitionStream(access.tables, index.table, index.table);
    this.#entries = new PartitionStream(access.tables, index.rows, index.table);
  }

  /** Reads a chunk of what is behind, and compares what can be. Returns whether everything is compared. */
  async step(pace: IndexPace, rowsMax: number): Promise<boolean> {
    checkPresent(this.#index, this.#generation);
    if (isBehind(this.#rows, this.#entries)) this.found.rows += await this.#rows.read(rowsMax);
    else this.found.entries += await this.#entries.read(rowsMax);
    const suspects = await this.#compare();
    checkPresent(this.#index, this.#generation);
    for (const suspect of suspects) await pace.alone(() => this.#lookAgain(suspect));
    return this.#rows.isEnded && this.#entries.isEnded;
  }

  /** Compares the partitions that are read, and gives the places of entries that are not found as they should be. */
  async #compare(): Promise<readonly RowKey[]> {
    const suspects: RowKey[] = [];
    for (;;) {
      const rows = this.#rows;
      const entries = this.#entries;
      const partition = rows.first < entries.first ? rows.first : entries.first;
      const isWhole = partition < rows.frontier && partition < entries.frontier;
      if (
        !isWhole &&
        rows.length <= HELD_ROWS_MAX &&
        entries.length <= HELD_ROWS_MAX &&
        partition !== this.#large
      )
        return suspects;
      if (!isWhole) this.#large = partition;
      const taken = { rows: rows.take(partition), entries: entries.take(partition) };
      if (taken.rows.length + taken.entries.length === 0) return suspects;
      if (partition !== this.#large) suspects.push(...this.#differences(taken.rows, taken.entries));
      else {
        for (const some of slices(taken.rows)) suspects.push(...(await this.#lookAtRows(some)));
        for (const some of slices(taken.entries)) suspects.push(...(await this.#lookAtEntries(some)));
      }
    }
  }

  /** Compares the rows and the entries of a partition. */
  #differences(rows: readonly ScannedRow[], entries: readonly ScannedRow[]): readonly RowKey[] {
    const stored = new Map(entries.map((entry) => [encodeTuple(entry.sort), entry]));
    const suspects: RowKey[] = [];
    for (const row of rows) {
      for (const { sort, value } of this.#index.rowsOf(row)) {
        const place = encodeTuple(sort);
        const found = stored.get(place);
        stored.delete(place);
        if (found === undefined || !isSameBytes(found.value, value))
          suspects.push({ partition: row.partition, sort });
      }
    }
    for (const { partition, sort } of stored.values()) suspects.push({ partition, sort });
    return suspects;
  }

  /** The places of entries that rows should have and that were not found as they should be. */
  async #lookAtRows(rows: readonly ScannedRow[]): Promise<readonly RowKey[]> {
    const expected = rows.flatMap((row) =>
      this.#index.rowsOf(row).map(({ sort, value }) => ({ partition: row.partition, sort, value })),
    );
    const stored = await this.#access.tables.findMany(this.#index.rows, expected);
    return expected.filter(({ value }, position) => {
      const found = stored[position];
      return found === undefined || !isSameBytes(found, value);
    });
  }

  /** The places of entries whose rows were not found, or not with them. */
  async #lookAtEntries(entries: readonly ScannedRow[]): Promise<readonly RowKey[]> {
    const places = entries.map(({ partition, sort }) => ({
      partition,
      sort: rowSortOf(this.#index.spec, sort),
    }));
    const rows = await this.#access.tables.findMany(this.#index.table, places);
    return entries.filter(({ sort }, position) => {
      const value = rows[position];
      if (value === undefined) return true;
      const right = this.#index.rowsOf({ sort: places[position]!.sort, value });
      return !right.some((each) => isSameKey(each.sort, sort));
    });
  }

  /** Looks at one entry and its row while neither changes. */
  async #lookAgain({ partition, sort }: RowKey): Promise<void> {
    checkPresent(this.#index, this.#generation);
    const { tables } = this.#access;
    const rowSort = rowSortOf(this.#index.spec, sort);
    const value = await tables.find(this.#index.table, partition, rowSort);
    const stored = await tables.find(this.#index.rows, partition, sort);
    // Both may have expired between the two.
    const isExpiring = value !== undefined && this.#index.table.hasExpiry === true;
    if (isExpiring && (await tables.find(this.#index.table, partition, rowSort)) === undefined) return;
    const right = value === undefined ? [] : this.#index.rowsOf({ sort: rowSort, value });
    const expected = right.find((each) => isSameKey(each.sort, sort))?.value;
    if (expected === undefined && stored !== undefined) this.#report("extra", { partition, sort });
    if (expected !== undefined && stored === undefined) this.#report("missing", { partition, sort });
    if (expected === undefined || stored === undefined) return;
    if (!isSameBytes(expected, stored)) this.#report("different", { partition, sort });
  }

  #report(what: WrongEntry["what"], { partition, sort }: RowKey): void {
    this.found[what] += 1;
    if (this.found.examples.length < EXAMPLES_MAX) this.found.examples.push({ what, partition, place: sort });
  }
}

/** Which of the two is read next: the one that has not come so far; at the same place, the one that holds less. */
function isBehind(stream: PartitionStream, other: PartitionStream): boolean {
  if (stream.isEnded || other.isEnded) return !stream.isEnded;
  if (stream.frontier !== other.frontier) return stream.frontier < other.frontier;
  return stream.length <= other.length;
}

function slices<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / LOOK_UPS_MAX);
  return Array.from({ length: count }, (_, slice) =>
    items.slice(slice * LOOK_UPS_MAX, (slice + 1) * LOOK_UPS_MAX),
  );
}
