import { isRareTime } from "@parley/base";
import { DIRECTORY_PAGE_MAX, PAGE_BYTES_MAX } from "./limits.js";

/** How many of these items, given by their encoded bytes, one page has room for: at least one when there is any. */
export function countFitting(itemBytes: Iterable<number>): number {
  const isShort = isRareTime("page-ends-early");
  let bytes = 0;
  let count = 0;
  for (const each of itemBytes) {
    bytes += each;
    if ((bytes > PAGE_BYTES_MAX || isShort) && count > 0) break;
    count += 1;
  }
  return count;
}

/** How many items a page of a list of users has when so many are asked for; 0: as many as it may. */
export function directoryLimit(asked: number): number {
  return Math.min(Math.max(1, asked || DIRECTORY_PAGE_MAX), DIRECTORY_PAGE_MAX);
}
