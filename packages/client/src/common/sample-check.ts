/**
 * A look at whether the store is still what it was: of a few conversations, chosen by chance at each start, the newest span is
 * compared with the server, which fetches it again when something in it changed or is missing. And what a read found to be damaged
 * is fetched again.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import type { Span } from "./store.js";
import { DAMAGED_MAX, SAMPLE_CONVERSATIONS, VERIFY_SPAN } from "./limits.js";
import { verifyNewest, type VerifyParts } from "./verify.js";

interface Due {
  readonly conversationId: ConversationId;
  /** What is damaged; undefined: nothing is known to be, and the newest span is compared. */
  readonly span?: Span;
}

export class SampleCheck {
  readonly #parts: VerifyParts;
  readonly #ambient: Ambient;
  readonly #isLive: () => boolean;
  #due: Due[] = [];

  constructor(parts: VerifyParts, ambient: Ambient, isLive: () => boolean) {
    this.#parts = parts;
    this.#ambient = ambient;
    this.#isLive = isLive;
    parts.replica.store.onDamage = (conversationId, span) => {
      // What has no room is found again by whoever reads it. Without a connection it waits for the next one.
      if (this.#due.length < DAMAGED_MAX) this.#due.push({ conversationId, span });
      if (this.#isLive()) this.onLive();
    };
  }

  /** The store was read: what was in it then is worth a look. */
  onLoaded(): void {
    const held = [...this.#parts.replica.state.spans.keys()];
    for (let count = 0; held.length > 0 && count < SAMPLE_CONVERSATIONS; count++) {
      const index = Math.floor(this.#ambient.random.unit() * held.length);
      for (const conversationId of held.splice(index, 1)) this.#due.push({ conversationId });
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

  async #check(due: readonly Due[]): Promise<void> {
    const { replica, history } = this.#parts;
    for (const { conversationId, span } of due) {
      if (replica.entry(conversationId)?.isMember !== true) continue;
      if (span !== undefined) await history.refetch(conversationId, span.first, span.last);
      else if (!(await verifyNewest(this.#parts, conversationId, VERIFY_SPAN))) continue;
      this.#ambient.logger.warn("store repaired", { conversationId });
    }
  }
}
