/**
 * A global index and its rows:
 *
 *   table      <table>-by-<index>-<generation>
 *   partition  that of the entry
 *   sort       (key parts of the entry..., partition key of the row..., sort key of the row...)
 *   value      what the entry includes
 */
import { assert } from "@parley/base";
import { encodeTuple } from "../../key-encoding.js";
import type { GlobalIndexSpec, Key, Row, RowKey, TableSpec } from "../../tables.js";
import type { IndexState } from "../index-state.js";
import { isSameBytes } from "../local-index.js";

const INDEX_NAME = /^[a-z]+(-[a-z]+)*$/;
const NOTHING = new Uint8Array(0);

/** An entry's place in a global index, and what stands there. */
export interface GlobalRow extends RowKey {
  readonly value: Uint8Array;
}

export class GlobalIndex {
  readonly table: TableSpec;
  readonly spec: GlobalIndexSpec;
  /** Takes effect at once: set a state that is durable, while nothing is written. */
  state: IndexState;

  constructor(table: TableSpec, spec: GlobalIndexSpec, state: IndexState) {
    assert(INDEX_NAME.test(spec.name), "an index's name is lower-case words with hyphens between them");
    assert(Number.isSafeInteger(spec.version) && spec.version >= 1, "an index's version is 1 or more");
    assert(
      table.hasExpiry !== true,
      "rows that expire are in no global index: who follows them later cannot know when",
    );
    this.table = table;
    this.spec = spec;
    this.state = state;
  }

  /** The table of the entries of a generation; of the present one when none is named. */
  rows(generation: number = this.state.generation): TableSpec {
    const { keyOwner } = this.spec;
    const name = `${this.table.name}-by-${this.spec.name}-${generation}`;
    return keyOwner === undefined ? { name } : { name, keyOwner };
  }

  /** The index rows of a row. */
  rowsOf(partition: Key, { sort, value }: Row): readonly GlobalRow[] {
    const { keyParts, partitionParts, name } = this.spec;
    assert(
      partition.length === partitionParts,
      `the table of the index ${name} has ${partitionParts} partition parts`,
    );
    const rows = this.spec.entriesOf({ partition, sort, value }).map((entry): GlobalRow => {
      assert(entry.key.length === keyParts, `an entry of the index ${name} has ${keyParts} parts`);
      const place = [...entry.key, ...partition, ...sort];
      return { partition: entry.partition, sort: place, value: entry.included ?? NOTHING };
    });
    return [...new Map(rows.map((row) => [placeName(row), row])).values()];
  }

  /** Which row an index row leads to. */
  targetOf(indexSort: Key): RowKey {
    const { keyParts, partitionParts } = this.spec;
    const end = keyParts + partitionParts;
    return { partition: indexSort.slice(keyParts, end), sort: indexSort.slice(end) };
  }
}

/** The name of a place in an index, the same for the same place. */
export function placeName({ partition, sort }: RowKey): string {
  return `${encodeTuple(partition)}\u0001${encodeTuple(sort)}`;
}

/** Whether two lists of index rows say the same. */
export function isSameEntries(left: readonly GlobalRow[], right: readonly GlobalRow[]): boolean {
  if (left.length !== right.length) return false;
  const byPlace = new Map(left.map((row) => [placeName(row), row.value]));
  return right.every((row) => {
    const value = byPlace.get(placeName(row));
    return value !== undefined && isSameBytes(value, row.value);
  });
}
