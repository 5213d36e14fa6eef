/** The frames of full-text search. */
import { list, nested, schema, string, strings, uint, uints } from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";
import { Message } from "./model.js";

/** Looks for words and phrases, or for messages of a kind or a sender, in what this user may see: in one conversation, or in all that the user is in. */
export const Search = schema("Search", {
  requestId: uint(1),
  text: string(2),
  /** Empty: all conversations. */
  conversationId: string<ConversationId>(3),
  /** Empty: of everybody. */
  senderId: string<UserId>(4),
  /** Sent at this time or later; 0: from the first on. */
  fromMs: uint(5),
  /** Sent before this time; 0: up to now. */
  untilMs: uint(6),
  /** `next` of the page before. */
  cursor: string(7),
  limit: uint(8),
  /** One of SEARCH_KINDS; empty: of any kind. `text` may be empty when this or `senderId` is not. */
  kind: string(9),
});

export const SearchHit = schema("SearchHit", {
  message: nested(1, Message),
  /** Pairs (from, before) of UTF-16 offsets into the plain text, ascending. */
  spans: uints(2),
});

/** Work for one page is bounded: there may be no hits on it and more on the next. */
export const SearchPage = schema("SearchPage", {
  requestId: uint(1),
  /** By conversation, the newest first within each. */
  hits: list(2, SearchHit),
  /** Empty on the last page. */
  next: string(3),
  /** In a search of all conversations those with more hits than are shown. */
  truncated: strings<ConversationId>(4),
});
