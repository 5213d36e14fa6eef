/** What somebody looks for, as the server searches: words, a kind, a sender, and what a filter is asked for. */
import {
  type SearchAsked,
  findWanted,
  foldText,
  isSearched,
  type Message,
  parseSearch,
  type SearchKind,
  searchKindsOf,
  type UserId,
  type WantedPart,
} from "@parley/protocol";
import { searchedText } from "./searched-text.js";
import { addTerms, kindTerm, neededTerms, senderTerm, type TermHash } from "./text-terms.js";

export interface SearchQuery {
  /** All of them have to be there. */
  readonly parts: readonly WantedPart[];
  /** Undefined: of any kind. */
  readonly kind: SearchKind | undefined;
  /** Empty: of everybody. */
  readonly senderId: string;
  /** What a filter is asked for. */
  readonly terms: ReadonlySet<TermHash>;
}

/** Reads a query. Errors: "bad-request", as `parseSearch`. */
export function parseQuery(asked: SearchAsked): SearchQuery {
  const { parts, kind } = parseSearch(asked);
  const { senderId } = asked;
  const terms = new Set(parts.flatMap((part) => [...neededTerms(part.text)]));
  if (kind !== undefined) terms.add(kindTerm(kind));
  if (senderId !== "") terms.add(senderTerm(senderId as UserId));
  return { parts, kind, senderId, terms };
}

/** Where the words of a query are in a message, none when it has no words; undefined when the message is not what is asked for. */
export function findSpans(query: SearchQuery, message: Message): readonly number[] | undefined {
  const { parts, kind, senderId } = query;
  if (senderId !== "" && message.senderId !== senderId) return undefined;
  if (!isSearched(message.body)) return undefined;
  if (kind !== undefined && !searchKindsOf(message.body).includes(kind)) return undefined;
  return findWanted(parts, searchedText(message));
}

/** Adds all terms that a query which finds the message may need. */
export function addMessageTerms(message: Message, terms: Set<TermHash>): void {
  addTerms(foldText(searchedText(message)).text, terms);
  terms.add(senderTerm(message.senderId));
  for (const kind of searchKindsOf(message.body)) terms.add(kindTerm(kind));
}
