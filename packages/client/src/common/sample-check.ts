/**
 * When it is looked whether the store is still what it was: at each start, and when a read found something damaged. What is looked at, and
 * how it is repaired, is in `repairing.ts`, which comes late.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import { DAMAGED_MAX } from "./limits.js";
import type { Loaders } from "./loaders.js";
import type { Damage } from "./repairing.js";
import type { VerifyParts } from "./verify.js";

export interface SampleParts extends VerifyParts {
  readonly ambient: Ambient;
}

export class SampleCheck {
  readonly #parts: SampleParts;
  readonly #load: Loaders["calls"];
  readonly #isLive: () => boolean;
  #damaged: Damage[] = [];
  /** What was held when the store was read, until a sample of it is compared. */
  #unseen: readonly ConversationId[] = [];

  constructor(parts: SampleParts, load: Loaders["calls"], isLive: () => boolean) {
    this.#parts = parts;
    this.#load = load;
    this.#isLive = isLive;
    parts.replica.store.onDamage = (conversationId, span) => {
      // What has no room is found again by whoever reads it. Without a connection it waits for the next one.
      if (this.#damaged.length < DAMAGED_MAX) this.#damaged.push({ conversationId, span });
      if (this.#isLive()) this.onLive();
    };
  }

  /** The store was read: what was in it then is worth a look. */
  onLoaded(): void {
    this.#unseen = [...this.#parts.replica.state.spans.keys()];
  }

  /** Everything that was missed is there: what differs now is damage. */
  onLive(): void {
    const [damaged, unseen] = [this.#damaged, this.#unseen];
    if (damaged.length + unseen.length === 0) return;
    this.#damaged = [];
    this.#unseen = [];
    this.#repair(damaged, unseen).catch((error: unknown) =>
      this.#parts.ambient.logger.info("store not checked", { reason: messageOf(error) }),
    );
  }

  async #repair(damaged: readonly Damage[], unseen: readonly ConversationId[]): Promise<void> {
    const { repairDamaged, repairSample } = await this.#load();
    await repairDamaged(this.#parts, damaged);
    await repairSample(this.#parts, unseen);
  }
}
