import { isRareTime } from "@parley/base";
import { PAGE_BYTES_MAX } from "./limits.js";

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
