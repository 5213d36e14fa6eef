/** Tells the connections of those in a conversation that somebody types there. Nothing of it is kept. */
import type { MessageCalls, Session } from "@parley/contracts";
import type { Clock } from "@parley/base";
import { type ConversationId, type TenantId, type UserId, TYPING_REPEAT_MS } from "@parley/protocol";

/** Conversations in which one connection may type within TYPING_REPEAT_MS; what is beyond is not passed on. */
export const TYPING_CONVERSATIONS_MAX = 8;

/** A connection, as this sees it. */
export interface TypingSink {
  /** Somebody types. Left out for a connection that has not taken what it was sent. */
  tellTyping(conversationId: ConversationId, userId: UserId): void;
}

export interface TypingRelayOptions {
  readonly clock: Clock;
  readonly message: Pick<MessageCalls, "typingAudience">;
  readonly connectionsOf: (tenantId: TenantId, userId: UserId) => Iterable<TypingSink>;
}

export class TypingRelay {
  readonly #options: TypingRelayOptions;
  /** Of a connection, when it was last passed on, by conversation; the oldest first. */
  readonly #passed = new WeakMap<TypingSink, Map<ConversationId, number>>();

  constructor(options: TypingRelayOptions) {
    this.#options = options;
  }

  /** Cost: what the audience costs, and one frame for each connection of it. Errors: those of `typingAudience`. */
  async typing(sink: TypingSink, session: Session, conversationId: ConversationId): Promise<void> {
    if (!this.#mayPass(sink, conversationId)) return;
    const { message, connectionsOf } = this.#options;
    for (const userId of await message.typingAudience(session, conversationId))
      for (const other of connectionsOf(session.tenantId, userId))
        other.tellTyping(conversationId, session.userId);
  }

  #mayPass(sink: TypingSink, conversationId: ConversationId): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const passed = this.#passed.get(sink) ?? new Map<ConversationId, number>();
    this.#passed.set(sink, passed);
    for (const [id, passedMs] of passed) {
      if (nowMs - passedMs < TYPING_REPEAT_MS) break;
      passed.delete(id);
    }
    if (passed.has(conversationId) || passed.size >= TYPING_CONVERSATIONS_MAX) return false;
    passed.set(conversationId, nowMs);
    return true;
  }
}
