/** Full-text search of what a user may see: checks what is asked, and bounds what is done at a time. */
import type { Clock } from "@parley/base";
import type { SearchPage, SearchRequest, Session, SyncCalls } from "@parley/contracts";
import { SEARCH_PAGE_MAX } from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { type SearchParts, type Wanted, searchConversation } from "./conversation-search.js";
import { searchList } from "./list-search.js";
import { type BudgetOptions, SearchBudget } from "./search-budget.js";
import { conversationCursor, parseConversationCursor } from "./search-cursor.js";
import { parseQuery } from "./search-query.js";
import { SearchSlots } from "./search-slots.js";

export interface MessageSearchOptions extends SearchParts {
  readonly sync: Pick<SyncCalls, "listConversations">;
  readonly clock: Clock;
  readonly budget: BudgetOptions;
}

export class MessageSearch {
  readonly #options: MessageSearchOptions;
  readonly #slots = new SearchSlots();

  constructor(options: MessageSearchOptions) {
    this.#options = options;
  }

  /**
   * One page. In one conversation: the newest first. In all: the conversations that changed most recently first, and of each
   * the newest first; a message may come twice then, when its conversation changes meanwhile.
   * Errors: "bad-request", "not-a-member", "too-many-requests".
   * Cost: the work of a SearchBudget.
   */
  async search(session: Session, request: SearchRequest): Promise<SearchPage> {
    const wanted = wantedOf(request);
    const user = `${session.tenantId}/${session.userId}`;
    return this.#slots.run(user, () => this.#page(session, request, wanted));
  }

  async #page(session: Session, request: SearchRequest, wanted: Wanted): Promise<SearchPage> {
    const { conversationId, cursor } = request;
    const limit = Math.min(Math.max(1, request.limit || SEARCH_PAGE_MAX), SEARCH_PAGE_MAX);
    const budget = new SearchBudget(this.#options.budget);
    if (conversationId === undefined) {
      return searchList(this.#options, { session, budget }, wanted, { cursor, limit });
    }
    const start = parseConversationCursor(cursor);
    const view = await this.#options.history.authorize(session, conversationId);
    const stretch = { before: start, limit, bytesUsed: 0 };
    const { hits, before } = await searchConversation(
      this.#options,
      { session, view, budget },
      wanted,
      stretch,
    );
    return { hits, next: conversationCursor(before), truncated: [] };
  }
}

function wantedOf({ text, kind, senderId, fromMs, untilMs }: SearchRequest): Wanted {
  if (untilMs > 0 && untilMs <= fromMs) throw badRequest("The time ends before it begins.");
  return { query: parseQuery({ text, kind, senderId: senderId ?? "" }), fromMs, untilMs };
}
