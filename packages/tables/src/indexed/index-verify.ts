/**
 * Compares an index with the rows of its table, both ways, while writes go on. What does not agree may only have been
 * written between two reads, so it is looked at again while nothing is written. A row and its entry expire at one time.
 */
import type { Key, RowKey, ScannedRow, TableSpec } from "../tables.js";
import { checkPresent, type IndexAccess, type IndexWork } from "./index-work.js";
import { isSameBytes, isSameKey, type LocalIndex, rowSortOf } from "./local-index.js";

/** How many of what is wrong is named. */
const EXAMPLES_MAX = 10;

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

/** Errors: "index-dropped"; "tables-closed"; those of the engine. Cost: memory for one chunk. */
export async function verifyIndex(
  index: LocalIndex,
  access: IndexAccess,
  work: IndexWork,
): Promise<Verification> {
  const verifier = new Verifier(index, access, work);
  await verifier.walk(index.table, (rows) => verifier.lookAtRows(rows));
  await verifier.walk(index.rows, (entries) => verifier.lookAtEntries(entries));
  return verifier.found;
}

class Verifier {
  readonly found = { rows: 0, entries: 0, missing: 0, extra: 0, different: 0, examples: [] as WrongEntry[] };
  readonly #index: LocalIndex;
  readonly #access: IndexAccess;
  readonly #work: IndexWork;
  readonly #generation: number;

  constructor(index: LocalIndex, access: IndexAccess, work: IndexWork) {
    this.#index = index;
    this.#access = access;
    this.#work = work;
    this.#generation = index.state.generation;
  }

  async walk(
    table: TableSpec,
    look: (chunk: readonly ScannedRow[]) => Promise<readonly RowKey[]>,
  ): Promise<void> {
    const { table: indexed, spec } = this.#index;
    const pace = this.#access.pace(this.#work);
    let after: RowKey | undefined;
    for (let isDone = false; !isDone;) {
      isDone = await pace.chunk(async (rowsMax) => {
        const scan = { table, limit: rowsMax, ...(after === undefined ? {} : { after }) };
        const chunk = await this.#access.tables.scanTable(scan);
        const suspects = await look(chunk);
        checkPresent(this.#index, this.#generation);
        for (const suspect of suspects) await pace.alone(() => this.#lookAgain(suspect));
        const last = chunk.at(-1);
        if (last !== undefined) after = { partition: last.partition, sort: last.sort };
        return chunk.length < rowsMax;
      });
      const done = this.found.rows + this.found.entries;
      this.#work.onProgress?.({ table: indexed.name, index: spec.name, step: "verifying", done });
    }
  }

  /** The places of entries that rows should have and that were not found as they should be. */
  async lookAtRows(rows: readonly ScannedRow[]): Promise<readonly RowKey[]> {
    this.found.rows += rows.length;
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
  async lookAtEntries(entries: readonly ScannedRow[]): Promise<readonly RowKey[]> {
    this.found.entries += entries.length;
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
