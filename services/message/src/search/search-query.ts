/** What somebody looks for, as the server searches: the words, and what a filter is asked for. */
import { findWanted, parseWanted, type WantedPart } from "@parley/protocol";
import { type TermHash, neededTerms } from "./text-terms.js";

export interface SearchQuery {
  /** All of them have to be there. */
  readonly parts: readonly WantedPart[];
  /** What a filter is asked for. */
  readonly terms: ReadonlySet<TermHash>;
}

/** Reads a query. Errors: "bad-request", as `parseWanted`. */
export function parseQuery(text: string): SearchQuery {
  const parts = parseWanted(text);
  return { parts, terms: new Set(parts.flatMap((part) => [...neededTerms(part.text)])) };
}

/** Where the query is in a text; undefined when one of its parts is not there. */
export function findSpans(query: SearchQuery, text: string): readonly number[] | undefined {
  return findWanted(query.parts, text);
}
