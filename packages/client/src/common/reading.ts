/**
 * Marks conversations as read: one request at a time, and of each conversation only the furthest place. What was wanted
 * without a connection goes out with the next one; it is kept in memory only.
 */
import { Failure, type Logger, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import type { Relay } from "./relay.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { Session } from "./session.js";

export interface ReadingOptions {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
  readonly session: Pick<Session, "isUp">;
  readonly logger: Logger;
  readonly relay: Relay;
}

export class Reading {
  readonly #options: ReadingOptions;
  /** At most one place per conversation. */
  readonly #wanted = new Map<ConversationId, number>();
  #isSending = false;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return !this.#isSending;
  }

  /** Wants everything up to `sequence` read; by default all that is known of. */
  mark(conversationId: ConversationId, sequence?: number): void {
    const { relay, replica, logger } = this.#options;
    const wanted = sequence ?? replica.entry(conversationId)?.lastSequence ?? 0;
    if (relay.isFollowing) {
      relay
        .call("mark", [conversationId, wanted], true)
        .catch((error: unknown) => logger.warn("mark read failed", { reason: messageOf(error) }));
      return;
    }
    this.#want(conversationId, wanted);
    this.#send();
  }

  /** The connection is up: what was wanted may go. */
  onUp(): void {
    this.#send();
  }

  /** Forgets what was wanted: the client stops. */
  stop(): void {
    this.#wanted.clear();
  }

  #want(conversationId: ConversationId, sequence: number): void {
    const known = this.#wanted.get(conversationId) ?? this.#readSequence(conversationId);
    if (sequence > known) this.#wanted.set(conversationId, sequence);
  }

  #send(): void {
    if (this.#isSending || this.#wanted.size === 0 || !this.#options.session.isUp) return;
    this.#isSending = true;
    this.#sendAll()
      .catch((error: unknown) => this.#options.logger.error("reading failed", { reason: messageOf(error) }))
      .finally(() => {
        this.#isSending = false;
      })
      .catch(() => undefined);
  }

  async #sendAll(): Promise<void> {
    for (const [conversationId, sequence] of this.#wanted) {
      this.#wanted.delete(conversationId);
      if (this.#readSequence(conversationId) >= sequence) continue;
      try {
        await this.#options.requests.call("markRead", { conversationId, sequence });
      } catch (error) {
        this.#options.logger.warn("mark read failed", { reason: messageOf(error) });
        if (!(error instanceof Failure) || error.retry !== "same") continue;
        // It goes out with the next mark or the next connection.
        this.#want(conversationId, sequence);
        return;
      }
    }
  }

  #readSequence(conversationId: ConversationId): number {
    return this.#options.replica.entry(conversationId)?.readSequence ?? 0;
  }
}
