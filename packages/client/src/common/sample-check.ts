/**
 * A look at whether the store is still what it was: of a few conversations, chosen by chance at each start, the newest span is
 * compared with the server, which fetches it again when something in it changed or is missing.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import { SAMPLE_CONVERSATIONS, VERIFY_SPAN } from "./limits.js";
import { verifyNewest, type VerifyParts } from "./verify.js";

export class SampleCheck {
  readonly #parts: VerifyParts;
  readonly #ambient: Ambient;
  #due: ConversationId[] = [];

  constructor(parts: VerifyParts, ambient: Ambient) {
    this.#parts = parts;
    this.#ambient = ambient;
  }

  /** The store was read: what was in it then is worth a look. */
  onLoaded(): void {
    const held = [...this.#parts.replica.state.spans.keys()];
    this.#due = [];
    while (held.length > 0 && this.#due.length < SAMPLE_CONVERSATIONS) {
      const index = Math.floor(this.#ambient.random.unit() * held.length);
      this.#due.push(...held.splice(index, 1));
    }
  }

  /** Everything that was missed is there: what differs now is damage. */
  onLive(): void {
    const due = this.#due;
    this.#due = [];
    if (due.length === 0) return;
    this.#check(due).catch((error: unknown) =>
      this.#ambient.logger.info("store not checked", { reason: messageOf(error) }),
    );
  }

  async #check(due: readonly ConversationId[]): Promise<void> {
    for (const conversationId of due) {
      if (this.#parts.replica.entry(conversationId)?.isMember !== true) continue;
      const isRepaired = await verifyNewest(this.#parts, conversationId, VERIFY_SPAN);
      if (isRepaired) this.#ambient.logger.warn("store repaired", { conversationId });
    }
  }
}
