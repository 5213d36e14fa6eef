/** Marks conversations as read: one request at a time, and of each conversation only the furthest place. */
import { type Logger, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";

export class Reading {
  readonly #replica: Replica;
  readonly #requests: Pick<Requests, "call">;
  readonly #logger: Logger;
  /** At most one place per conversation. */
  readonly #wanted = new Map<ConversationId, number>();
  #isSending = false;

  constructor(replica: Replica, requests: Pick<Requests, "call">, logger: Logger) {
    this.#replica = replica;
    this.#requests = requests;
    this.#logger = logger;
  }

  get isIdle(): boolean {
    return !this.#isSending;
  }

  /** Wants everything up to `sequence` read; by default all that is known of. */
  mark(conversationId: ConversationId, sequence?: number): void {
    const entry = this.#replica.entry(conversationId);
    const wanted = sequence ?? entry?.lastSequence ?? 0;
    const isNews = wanted > (entry?.readSequence ?? 0) && wanted > (this.#wanted.get(conversationId) ?? 0);
    if (!isNews) return;
    this.#wanted.set(conversationId, wanted);
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sendAll()
      .catch((error: unknown) => this.#logger.error("reading failed", { reason: messageOf(error) }))
      .finally(() => {
        this.#isSending = false;
      })
      .catch(() => undefined);
  }

  /** Forgets what was wanted: the client stops. */
  stop(): void {
    this.#wanted.clear();
  }

  async #sendAll(): Promise<void> {
    for (const [conversationId, sequence] of this.#wanted) {
      this.#wanted.delete(conversationId);
      if ((this.#replica.entry(conversationId)?.readSequence ?? 0) >= sequence) continue;
      try {
        await this.#requests.call("markRead", { conversationId, sequence });
      } catch (error) {
        // Nothing is lost but a mark; the next look at the conversation sets it again.
        this.#logger.warn("mark read failed", { reason: messageOf(error) });
      }
    }
  }
}
