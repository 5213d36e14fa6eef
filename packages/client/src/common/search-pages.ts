import { SEARCH_EMPTY_PAGES_MAX } from "./limits.js";
import type { Requests } from "./requests.js";
import type { SearchOptions, SearchResults } from "./searching.js";

/** A page of a search, or those that follow it while they are empty: the server's work for one page is bounded. */
export async function searchPages(
  requests: Pick<Requests, "call">,
  options: SearchOptions,
  cursor: string,
): Promise<SearchResults> {
  let next = cursor;
  for (let pages = 1; ; pages++) {
    const page = await requests.call("search", { ...options, cursor: next });
    next = page.next;
    const hits = page.hits.flatMap(({ message, spans }) =>
      message === undefined ? [] : [{ message, spans }],
    );
    if (hits.length > 0 || next === "" || pages >= SEARCH_EMPTY_PAGES_MAX)
      return { hits, next, truncated: page.truncated };
  }
}
