/** Asking the server for messages with certain words. What comes is shown and not stored: it is no span of history. */
import { Failure, TaskQueue } from "@parley/base";
import type { ConversationId, Message, SearchKind, UserId } from "@parley/protocol";
import { SEARCHES_WAITING_MAX } from "./limits.js";
import type { Requests } from "./requests.js";
import { searchPages } from "./search-pages.js";

/** Where and how to search. */
export interface SearchOptions {
  /** Words, all of which have to be there, and phrases in quotation marks; may be empty when a kind or a sender is given. */
  readonly text: string;
  /** Default: of any kind. */
  readonly kind?: SearchKind;
  /** Default: all conversations that I am in. */
  readonly conversationId?: ConversationId;
  readonly senderId?: UserId;
  /** Sent at this time or later. */
  readonly fromMs?: number;
  /** Sent before this time. */
  readonly untilMs?: number;
}

/** What a search has found so far, and whether it goes on. */
export interface SearchResults {
  /** By conversation, the newest first within each; in all conversations a message may come again on a later page. */
  readonly hits: readonly FoundMessage[];
  /** For the next call; empty when everything was searched. */
  readonly next: string;
  /** In all conversations: those with more hits than these. */
  readonly truncated: readonly ConversationId[];
}

/** A message that was found, and where the words stand in it. */
export interface FoundMessage {
  readonly message: Message;
  /** Where in its plain text (`plainText` of the protocol): pairs (from, before) of offsets, ascending. */
  readonly spans: readonly number[];
}

/** One search after another: the server runs few of one user at a time. */
export class Searching {
  readonly #requests: Pick<Requests, "call">;
  readonly #queue = new TaskQueue();
  #waitingCount = 0;

  constructor(requests: Pick<Requests, "call">) {
    this.#requests = requests;
  }

  /** Errors: "too-many-requests" when SEARCHES_WAITING_MAX wait; those of the request. */
  async search(options: SearchOptions, cursor: string): Promise<SearchResults> {
    if (this.#waitingCount >= SEARCHES_WAITING_MAX) {
      throw new Failure("too-many-requests", "Too many searches wait.", { retry: "same" });
    }
    this.#waitingCount += 1;
    try {
      return await this.#queue.run(() => searchPages(this.#requests, options, cursor));
    } finally {
      this.#waitingCount -= 1;
    }
  }
}
