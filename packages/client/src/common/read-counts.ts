/**
 * How many have read messages, as far as it was asked for or events told of it; in memory only. Of two counts of a message
 * the one with the higher revision is right, whichever came first.
 */
import { LruMap } from "@parley/base";
import { type ConversationId, type ReadCount, type UserId, READ_COUNTS_MAX } from "@parley/protocol";
import type { Committed } from "./draft.js";
import { READ_COUNTS_KEPT_MAX } from "./limits.js";
import type { MessagePlace } from "./message-changes.js";
import type { Requests } from "./requests.js";

export interface ReadCountsParts {
  readonly requests: Pick<Requests, "call">;
  readonly onChanged: (conversationId: ConversationId) => void;
}

/** Those who have read a message, or have not. */
export interface ReadersPage {
  readonly userIds: readonly UserId[];
  readonly read: number;
  readonly unread: number;
  /** `after` of the next page; empty on the last one. */
  readonly next: string;
}

interface Known extends ReadCount {
  readonly revision: number;
}

export class ReadCounts {
  readonly #parts: ReadCountsParts;
  /** By conversation, era and sequence. */
  #known = new LruMap<string, Known>();
  /** Conversations of which something is known. */
  #shown = new Set<ConversationId>();
  /** How often I joined each conversation since the start: what I was told before is of no use. */
  readonly #eras = new Map<ConversationId, number>();

  constructor(parts: ReadCountsParts) {
    this.#parts = parts;
  }

  /** What is known; undefined: nobody asked, and no event told. */
  find(conversationId: ConversationId, sequence: number): ReadCount | undefined {
    return this.#known.find(this.#nameOf(conversationId, sequence));
  }

  /** Asks the server. Errors: those of the request. */
  async fetch(conversationId: ConversationId, sequences: readonly number[]): Promise<readonly ReadCount[]> {
    const found: ReadCount[] = [];
    for (let start = 0; start < sequences.length; start += READ_COUNTS_MAX) {
      const { counts, revision } = await this.#parts.requests.call("getReadCounts", {
        conversationId,
        sequences: sequences.slice(start, start + READ_COUNTS_MAX),
      });
      this.#take(conversationId, revision, counts);
      found.push(...counts.map((count) => this.find(conversationId, count.sequence) ?? count));
    }
    if (found.length > 0) this.#parts.onChanged(conversationId);
    return found;
  }

  /** Errors: those of the request. */
  async readers(
    place: MessagePlace,
    { isUnread = false, after = "" }: { readonly isUnread?: boolean; readonly after?: string } = {},
  ): Promise<ReadersPage> {
    const answer = await this.#parts.requests.call("getReaders", {
      ...place,
      isUnread,
      after: after as UserId,
    });
    const { userIds, read, unread, next, revision } = answer;
    this.#take(place.conversationId, revision, [{ sequence: place.sequence, read, unread }]);
    return { userIds, read, unread, next };
  }

  onCommitted({ isRebased, joined, told }: Committed): void {
    for (const conversationId of joined)
      this.#eras.set(conversationId, (this.#eras.get(conversationId) ?? 0) + 1);
    // Nobody will tell what changed meanwhile: who shows a count has to ask again.
    if (isRebased) this.#forget();
    for (const { readers } of told) {
      if (readers === undefined) continue;
      this.#take(readers.conversationId, readers.revision, readers.counts);
      this.#parts.onChanged(readers.conversationId);
    }
  }

  #forget(): void {
    this.#known = new LruMap();
    const shown = this.#shown;
    this.#shown = new Set();
    for (const conversationId of shown) this.#parts.onChanged(conversationId);
  }

  #take(conversationId: ConversationId, revision: number, counts: readonly ReadCount[]): void {
    this.#shown.add(conversationId);
    for (const count of counts) {
      const name = this.#nameOf(conversationId, count.sequence);
      if ((this.#known.peek(name)?.revision ?? 0) <= revision) this.#known.put(name, { ...count, revision });
    }
    this.#known.cutTo(READ_COUNTS_KEPT_MAX);
  }

  #nameOf(conversationId: ConversationId, sequence: number): string {
    return `${conversationId} ${this.#eras.get(conversationId) ?? 0} ${sequence}`;
  }
}
