/** Closes gaps in the background, one conversation at a time. */
import { type Logger, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import type { History } from "./history.js";
import { GAPS_LEFT_MAX, GAPS_WAITING_MAX } from "./limits.js";
import type { Replica } from "./replica.js";
import { newestGap } from "./spans.js";
import type { Span } from "./store.js";

export interface GapFillerOptions {
  readonly replica: Replica;
  readonly history: History;
  readonly logger: Logger;
  /** Somebody reads elsewhere in the conversation: what lies between that and its end is not wanted. */
  readonly isAway: (conversationId: ConversationId) => boolean;
}

export class GapFiller {
  readonly #replica: Replica;
  readonly #history: History;
  readonly #logger: Logger;
  readonly #isAway: (conversationId: ConversationId) => boolean;
  readonly #waiting = new Set<ConversationId>();
  /** Where the gap begins that was too large to be closed: it is left until the next connection. */
  readonly #left = new Map<ConversationId, number>();
  #isUp = false;
  #isFilling = false;

  constructor(options: GapFillerOptions) {
    this.#replica = options.replica;
    this.#history = options.history;
    this.#logger = options.logger;
    this.#isAway = options.isAway;
  }

  /** Spans of a conversation changed: when there is a gap now, it will be closed. */
  note(conversationId: ConversationId): void {
    const gap = this.#newestGap(conversationId);
    if (gap === undefined || this.#waiting.size >= GAPS_WAITING_MAX) return;
    if (this.#isAway(conversationId) || this.#left.get(conversationId) === gap.first) return;
    this.#waiting.add(conversationId);
    this.#begin();
  }

  onUp(): void {
    this.#isUp = true;
    this.#left.clear();
    for (const conversationId of this.#replica.state.spans.keys()) this.note(conversationId);
  }

  onDown(): void {
    this.#isUp = false;
  }

  #begin(): void {
    if (this.#isFilling || !this.#isUp) return;
    this.#isFilling = true;
    this.#fillAll()
      // Closing a gap is a service; whoever looks at the conversation fetches it then.
      .catch((error: unknown) => this.#logger.warn("gap not filled", { reason: messageOf(error) }))
      .finally(() => {
        this.#isFilling = false;
      })
      .catch(() => undefined);
  }

  async #fillAll(): Promise<void> {
    for (const conversationId of this.#waiting) {
      if (!this.#isUp) return;
      this.#waiting.delete(conversationId);
      await this.#history.fillGap(conversationId);
      // What the fill itself noted is what it could not close; it waits for someone to look.
      this.#waiting.delete(conversationId);
      const left = this.#newestGap(conversationId);
      if (this.#left.size >= GAPS_LEFT_MAX) this.#left.clear();
      if (left === undefined) this.#left.delete(conversationId);
      else this.#left.set(conversationId, left.first);
    }
  }

  #newestGap(conversationId: ConversationId): Span | undefined {
    const spans = this.#replica.state.spans.get(conversationId) ?? [];
    return newestGap(spans, this.#replica.entry(conversationId)?.lastSequence ?? 0);
  }
}
