import { assert } from "@parley/base";
import { encodeTuple, SORT_KEYS_END, type EncodedKey } from "./key-encoding.js";
import { RANGE_LIMIT_MAX } from "./range-limit.js";
import type { RangeQuery } from "./tables.js";

/** Encoded bounds of sort keys within one partition. */
export interface SortBounds {
  /** Inclusive. */
  readonly from: EncodedKey;
  /** Exclusive. */
  readonly before: EncodedKey;
}

/** The encoded bounds of a query. Errors: asserts that the limit is allowed. */
export function sortBounds(query: RangeQuery): SortBounds {
  assert(
    Number.isSafeInteger(query.limit) && query.limit >= 1 && query.limit <= RANGE_LIMIT_MAX,
    `a range's limit is 1 to ${RANGE_LIMIT_MAX}`,
  );
  return {
    from: encodeTuple(query.from ?? []),
    before: query.before === undefined ? SORT_KEYS_END : encodeTuple(query.before),
  };
}
