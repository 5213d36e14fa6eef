/**
 * Pages of history, stored as they come. A page is exact for its span, so storing it replaces what was there: what the
 * server does not list is void.
 */
import {
  type Card,
  type ConversationId,
  HISTORY_PAGE_MAX,
  type Message,
  type Reactions,
  newerPart,
  newerReactions,
} from "@parley/protocol";
import type { Draft, ToldPart, ToldReactions } from "./draft.js";
import { GAP_PAGES_MAX } from "./limits.js";
import { merged, withCardPart, withReactions } from "./message-revision.js";
import { ownMessage } from "./own-bytes.js";
import { NO_RELAY, type Relay } from "./relay.js";
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

/** What happened while a page was on its way, and what it may not know of. */
interface Meanwhile {
  readonly hidden: Set<number>;
  /** As they are now, by sequence. */
  readonly changed: Map<number, Message>;
  readonly reactions: Map<number, Reactions>;
  readonly cardParts: Map<number, Card>;
}

export class History {
  readonly #replica: Replica;
  readonly #requests: Pick<Requests, "call">;
  readonly #relay: Relay;
  /** The pages on their way. */
  readonly #meanwhile = new Map<ConversationId, Set<Meanwhile>>();

  constructor(replica: Replica, requests: Pick<Requests, "call">, relay: Relay = NO_RELAY) {
    this.#replica = replica;
    this.#requests = requests;
    this.#relay = relay;
  }

  /** No page is on its way. */
  get isIdle(): boolean {
    return this.#meanwhile.size === 0;
  }

  /** Fetches one page and stores it. Errors: those of a request, and of the store. */
  async fetch(conversationId: ConversationId, page: PageRequest): Promise<Answer<"getHistory">> {
    if (this.#relay.isFollowing)
      return (await this.#relay.call("fetch", [conversationId, page], true)) as Answer<"getHistory">;
    const meanwhile = this.#watch(conversationId);
    try {
      const isForward = page.after !== undefined;
      const answer = await this.#requests.call("getHistory", { conversationId, ...page, isForward });
      if (answer.first <= answer.last) {
        await this.#replica.edit((draft) => storePage(draft, conversationId, answer, meanwhile));
      }
      return answer;
    } finally {
      this.#unwatch(conversationId, meanwhile);
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
    for (const { hidden } of this.#meanwhile.get(conversationId) ?? []) {
      for (const sequence of sequences) hidden.add(sequence);
    }
  }

  /** A commit changed these messages. */
  noteChanged(conversationId: ConversationId, messages: readonly Message[]): void {
    for (const { changed } of this.#meanwhile.get(conversationId) ?? []) {
      for (const message of messages) changed.set(message.sequence, message);
    }
  }

  /** A commit gave these reactions to messages. */
  noteReactions(told: readonly ToldReactions[]): void {
    for (const one of told)
      for (const meanwhile of this.#meanwhile.get(one.conversationId) ?? []) note(meanwhile, one);
  }

  /** A commit gave me these parts of cards. */
  noteCardParts(told: readonly ToldPart[]): void {
    for (const one of told)
      for (const meanwhile of this.#meanwhile.get(one.conversationId) ?? []) notePart(meanwhile, one);
  }

  #watch(conversationId: ConversationId): Meanwhile {
    const meanwhile: Meanwhile = {
      hidden: new Set(),
      changed: new Map(),
      reactions: new Map(),
      cardParts: new Map(),
    };
    const watchers = this.#meanwhile.get(conversationId) ?? new Set();
    this.#meanwhile.set(conversationId, watchers.add(meanwhile));
    return meanwhile;
  }

  #unwatch(conversationId: ConversationId, meanwhile: Meanwhile): void {
    const watchers = this.#meanwhile.get(conversationId);
    watchers?.delete(meanwhile);
    if (watchers?.size === 0) this.#meanwhile.delete(conversationId);
  }
}

function storePage(
  draft: Draft,
  conversationId: ConversationId,
  page: Answer<"getHistory">,
  meanwhile: Meanwhile,
): void {
  const { hidden, changed, reactions, cardParts } = meanwhile;
  // What was trimmed while the page was on its way has no place any more.
  const first = Math.max(page.first, draft.entry(conversationId)?.firstVisible ?? 1);
  const span = { first, last: page.last };
  if (span.first > span.last) return;
  // Also what waits for the same commit: it is done before the page and would be undone by it.
  for (const sequence of draft.deleted(conversationId)) hidden.add(sequence);
  for (const message of draft.changed(conversationId)) changed.set(message.sequence, message);
  for (const told of draft.reactions()) if (told.conversationId === conversationId) note(meanwhile, told);
  for (const told of draft.cardParts()) if (told.conversationId === conversationId) notePart(meanwhile, told);
  const isShown = ({ sequence }: Message): boolean => sequence >= first && !hidden.has(sequence);
  const newest = (message: Message): Message => {
    const later = changed.get(message.sequence);
    const newer = later?.messageId === message.messageId ? merged(message, later) : message;
    const reacted = withReactions(newer, reactions.get(message.sequence));
    return withCardPart(reacted, cardParts.get(message.sequence));
  };
  draft.replaceMessages(conversationId, span, page.messages.filter(isShown).map(newest).map(ownMessage));
  draft.setSpans(conversationId, withSpan(draft.spans(conversationId), span));
}

function note({ reactions }: Meanwhile, told: ToldReactions): void {
  const newer = newerReactions(reactions.get(told.sequence), told.reactions);
  if (newer !== undefined) reactions.set(told.sequence, newer);
}

function notePart({ cardParts }: Meanwhile, { sequence, part }: ToldPart): void {
  cardParts.set(sequence, newerPart(cardParts.get(sequence), part)!);
}
