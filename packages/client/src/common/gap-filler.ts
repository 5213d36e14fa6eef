/** Closes gaps in the background, one conversation at a time. */
import { type Logger, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import type { History } from "./history.js";
import { GAPS_WAITING_MAX } from "./limits.js";
import type { Replica } from "./replica.js";
import { newestGap } from "./spans.js";

export class GapFiller {
  readonly #replica: Replica;
  readonly #history: History;
  readonly #logger: Logger;
  readonly #waiting = new Set<ConversationId>();
  #isUp = false;
  #isFilling = false;

  constructor(replica: Replica, history: History, logger: Logger) {
    this.#replica = replica;
    this.#history = history;
    this.#logger = logger;
  }

  /** Spans of a conversation changed: when there is a gap now, it will be closed. */
  note(conversationId: ConversationId): void {
    const spans = this.#replica.state.spans.get(conversationId) ?? [];
    const lastSequence = this.#replica.entry(conversationId)?.lastSequence ?? 0;
    if (newestGap(spans, lastSequence) === undefined || this.#waiting.size >= GAPS_WAITING_MAX) return;
    this.#waiting.add(conversationId);
    this.#begin();
  }

  onUp(): void {
    this.#isUp = true;
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
    }
  }
}
