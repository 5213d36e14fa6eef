/**
 * Pages of history, stored as they come. A page is exact for its span, so storing it replaces what was there: what the
 * server does not list is void.
 */
import { type ConversationId, HISTORY_PAGE_MAX, type Message } from "@parley/protocol";
import type { Draft } from "./draft.js";
import { GAP_PAGES_MAX } from "./limits.js";
import type { Replica } from "./replica.js";
import type { Answer, Requests } from "./requests.js";
import { findSpan, newestGap, withSpan } from "./spans.js";

export interface PageRequest {
  /** Exclusive; pages back. */
  readonly before?: number;
  /** Exclusive; pages forward. */
  readonly after?: number;
  readonly limit: number;
}

export class History {
  readonly #replica: Replica;
  readonly #requests: Pick<Requests, "call">;
  /** For each page on its way: what was hidden meanwhile, which the page may still hold. */
  readonly #hiddenMeanwhile = new Map<ConversationId, Set<Set<number>>>();

  constructor(replica: Replica, requests: Pick<Requests, "call">) {
    this.#replica = replica;
    this.#requests = requests;
  }

  /** Fetches one page and stores it. Errors: those of a request, and of the store. */
  async fetch(conversationId: ConversationId, page: PageRequest): Promise<Answer<"getHistory">> {
    const hidden = this.#watchHidden(conversationId);
    try {
      const isForward = page.after !== undefined;
      const answer = await this.#requests.call("getHistory", { conversationId, ...page, isForward });
      if (answer.first <= answer.last) {
        await this.#replica.edit((draft) => storePage(draft, conversationId, answer, hidden));
      }
      return answer;
    } finally {
      this.#unwatchHidden(conversationId, hidden);
    }
  }

  /** Fetches a span again, page by page. */
  async refetch(conversationId: ConversationId, first: number, last: number): Promise<void> {
    let after = first - 1;
    while (after < last) {
      const page = await this.fetch(conversationId, {
        after,
        limit: Math.min(HISTORY_PAGE_MAX, last - after),
      });
      // The rest cannot be seen, or the server holds less than we thought.
      if (page.first > page.last || page.last <= after) return;
      after = page.last;
    }
  }

  /** Closes the newest gap of a conversation from above; what is left after GAP_PAGES_MAX pages stays open. */
  async fillGap(conversationId: ConversationId): Promise<void> {
    for (let pages = 0; pages < GAP_PAGES_MAX; pages++) {
      const spans = this.#replica.state.spans.get(conversationId) ?? [];
      const gap = newestGap(spans, this.#replica.entry(conversationId)?.lastSequence ?? 0);
      if (gap === undefined) return;
      const limit = Math.min(HISTORY_PAGE_MAX, gap.last - gap.first + 1);
      const page = await this.fetch(conversationId, { before: gap.last + 1, limit });
      if (page.first > page.last || findSpan([page], gap.last) === undefined) return;
    }
  }

  /** A commit deleted these sequences. */
  noteHidden(conversationId: ConversationId, sequences: ReadonlySet<number>): void {
    for (const hidden of this.#hiddenMeanwhile.get(conversationId) ?? []) {
      for (const sequence of sequences) hidden.add(sequence);
    }
  }

  #watchHidden(conversationId: ConversationId): Set<number> {
    const hidden = new Set<number>();
    const watchers = this.#hiddenMeanwhile.get(conversationId) ?? new Set();
    this.#hiddenMeanwhile.set(conversationId, watchers.add(hidden));
    return hidden;
  }

  #unwatchHidden(conversationId: ConversationId, hidden: Set<number>): void {
    const watchers = this.#hiddenMeanwhile.get(conversationId);
    watchers?.delete(hidden);
    if (watchers?.size === 0) this.#hiddenMeanwhile.delete(conversationId);
  }
}

function storePage(
  draft: Draft,
  conversationId: ConversationId,
  page: Answer<"getHistory">,
  hidden: ReadonlySet<number>,
): void {
  // What was trimmed while the page was on its way has no place any more.
  const first = Math.max(page.first, draft.entry(conversationId)?.firstVisible ?? 1);
  const span = { first, last: page.last };
  if (span.first > span.last) return;
  const isShown = ({ sequence }: Message): boolean => sequence >= first && !hidden.has(sequence);
  draft.replaceMessages(conversationId, span, page.messages.filter(isShown));
  draft.setSpans(conversationId, withSpan(draft.spans(conversationId), span));
}
