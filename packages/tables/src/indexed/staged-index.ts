/**
 * Queries of an index through rows that are staged and not yet written. The engine's index knows nothing of them, so
 *
 *   what it finds, without the rows that are staged   ∪   the entries of the rows that are staged
 */
import { type Clock, failureCode } from "@parley/base";
import { encodeTuple, successor, type EncodedKey } from "../key-encoding.js";
import { stagedRow } from "../merged-range.js";
import { RANGE_LIMIT_MAX } from "../range-limit.js";
import { sortBounds, type SortBounds } from "../range-query.js";
import type { SortedRows } from "../sorted-rows.js";
import type { IndexSpec, RangeQuery, Row, Write } from "../tables.js";
import {
  findIndexSpec,
  type IndexMatch,
  type IndexQuery,
  type IndexReader,
  matchOf,
  scanForIndex,
} from "./index-query.js";
import { indexRowsOf } from "./local-index.js";

/** What a query reads from. */
export interface StagedSources {
  readonly indexes: IndexReader;
  readonly clock: Clock;
  /** The staged rows of the query's partition and table, newest first: all that were staged since the query began, too. */
  readonly staged: () => readonly SortedRows<Write>[];
  /** Rows as readers see them. */
  readonly range: (query: RangeQuery) => Promise<readonly Row[]>;
}

interface Placed {
  readonly place: EncodedKey;
  readonly match: IndexMatch;
}

/** Answers queries, and remembers the entries of rows as long as these are staged. */
export class StagedIndex {
  readonly #entries = new WeakMap<IndexSpec, WeakMap<Write, readonly Placed[]>>();

  /** Errors and effects: as those of `IndexReader.queryIndex`. Cost: in the staged rows of the partition, too. */
  async query(query: IndexQuery, sources: StagedSources): Promise<readonly IndexMatch[]> {
    const { scanRowsMax, ...indexed } = query;
    try {
      return await this.#merged(indexed, sources);
    } catch (error) {
      if (scanRowsMax === undefined || failureCode(error) !== "index-not-ready") throw error;
      return scanForIndex(query, sources.range, error as Error);
    }
  }

  async #merged(
    query: IndexQuery,
    { indexes, clock, staged }: StagedSources,
  ): Promise<readonly IndexMatch[]> {
    const spec = findIndexSpec(query.table, query.index);
    const bounds = sortBounds(query);
    const stored: IndexMatch[] = [];
    let limit = query.limit;
    for (let rest = query; ;) {
      const page = await indexes.queryIndex({ ...rest, limit });
      stored.push(...page);
      const newestFirst = staged();
      if (newestFirst.length === 0) return stored.slice(0, query.limit);
      const isStoredAll = page.length < limit;
      const fresh = this.#stagedEntries(spec, newestFirst, { bounds, nowMs: clock.nowMs() });
      const merged = merge(query, { stored, isStoredAll, ...fresh });
      if (isStoredAll || merged.length >= query.limit) return merged.slice(0, query.limit);
      const last = page.at(-1)!.place;
      rest = query.isDescending === true ? { ...query, before: last } : { ...query, from: successor(last) };
      limit = Math.min(RANGE_LIMIT_MAX, limit * 2);
    }
  }

  #stagedEntries(
    spec: IndexSpec,
    newestFirst: readonly SortedRows<Write>[],
    { bounds, nowMs }: { readonly bounds: SortBounds; readonly nowMs: number },
  ): { readonly entries: Placed[]; readonly hidden: ReadonlySet<EncodedKey> } {
    const hidden = new Set<EncodedKey>();
    const entries: Placed[] = [];
    for (const rows of newestFirst) {
      for (const [sort, write] of rows.entries()) {
        if (hidden.has(sort)) continue;
        hidden.add(sort);
        const row = stagedRow(write, nowMs);
        if (row === undefined) continue;
        for (const placed of this.#entriesOf(spec, write, row)) {
          if (placed.place >= bounds.from && placed.place < bounds.before) entries.push(placed);
        }
      }
    }
    return { entries, hidden };
  }

  #entriesOf(spec: IndexSpec, write: Write, row: Row): readonly Placed[] {
    let known = this.#entries.get(spec);
    if (known === undefined) {
      known = new WeakMap();
      this.#entries.set(spec, known);
    }
    let entries = known.get(write);
    if (entries === undefined) {
      const { sort, value } = row;
      entries = indexRowsOf(spec, { sort, value }).map((each) => ({
        place: encodeTuple(each.sort),
        match: matchOf(spec, each),
      }));
      known.set(write, entries);
    }
    return entries;
  }
}

/** What is certain of the merged entries, in the query's order: beyond the last stored one the engine may have more. */
function merge(
  { isDescending }: IndexQuery,
  known: {
    readonly stored: readonly IndexMatch[];
    readonly isStoredAll: boolean;
    readonly entries: readonly Placed[];
    readonly hidden: ReadonlySet<EncodedKey>;
  },
): readonly IndexMatch[] {
  const sign = isDescending === true ? -1 : 1;
  const compare = (left: EncodedKey, right: EncodedKey): number =>
    left < right ? -sign : left > right ? sign : 0;
  const last = known.stored.at(-1);
  const end = known.isStoredAll || last === undefined ? undefined : encodeTuple(last.place);
  const merged = known.entries.filter(({ place }) => end === undefined || compare(place, end) <= 0);
  for (const match of known.stored) {
    if (!known.hidden.has(encodeTuple(match.sort))) merged.push({ place: encodeTuple(match.place), match });
  }
  return merged.toSorted((left, right) => compare(left.place, right.place)).map(({ match }) => match);
}
