/**
 * Where the rows of a packed table lie in the engine. All of a partition share its key, so one batch changes them as one.
 *
 *   <table>         (number)        the row as it is; hides the same row of a block
 *   <table>         (number, 0)     a mark: the row is gone from its block
 *   <table>-block   (last number)   a block, under the number of its last row; blocks do not overlap
 *
 * A block is found by the first key that is not below a number: it holds the number, or no block does.
 */
import { assert } from "@parley/base";
import { companionTable } from "../companion-table.js";
import type { Key, TableSpec } from "../tables.js";

const MARK = 0;

/** The table of a packed table's blocks. */
export function blockTableOf(table: TableSpec): TableSpec {
  assert(table.keyOwner !== "conversation-in-sort", "all rows of a block have one owner");
  return companionTable(table, "block");
}

export function markOf(number: number): Key {
  return [number, MARK];
}

export function isMark(sort: Key): boolean {
  return sort.length > 1;
}

/** The number that a packed row's key is. */
export function numberOf(sort: Key): number {
  const number = sort[0];
  assert(typeof number === "number", "the sort key of a packed table is one number");
  return number;
}

/** The least number at or above a bound of a range; a bound that goes on after the number lies above its row. */
export function leastNumber(bound: Key | undefined, otherwise: number): number {
  if (bound === undefined || bound.length === 0) return otherwise;
  return numberOf(bound) + (bound.length > 1 ? 1 : 0);
}
