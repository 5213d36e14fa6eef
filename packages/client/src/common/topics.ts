/**
 * The topics of large groups: each is followed once per connection, from where its entry stands, and again after joining
 * anew, because the server forgot me when I left.
 */
import { type ConversationId, FOLLOW_MAX } from "@parley/protocol";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";

export interface TopicsParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "callOnce">;
  /** Every topic that is followed has sent the first of what was missed. */
  readonly onIdle: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class Topics {
  readonly #parts: TopicsParts;
  readonly #followed = new Set<ConversationId>();
  #asking = 0;
  /** Work of an earlier connection carries an earlier number and ends without effect on this one. */
  #generation = 0;

  constructor(parts: TopicsParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#asking === 0;
  }

  /** The connection is gone, and with it what it followed. */
  onDown(): void {
    this.#generation += 1;
    this.#asking = 0;
    this.#followed.clear();
  }

  /**
   * Follows every large group of the list, also those that are followed: among the events that a Rebase skips may be that I left one
   * and joined it again, and then the server follows it no more.
   */
  followAll(): void {
    this.#followed.clear();
    this.#follow([...this.#parts.replica.state.entries.keys()]);
  }

  /** These entries changed; of `joined` I became a member. */
  onChanged(changed: ReadonlySet<ConversationId>, joined: ReadonlySet<ConversationId>): void {
    for (const conversationId of joined) this.#followed.delete(conversationId);
    // Also where the list was ahead of the event, so that the entry did not change.
    this.#follow([...changed, ...joined]);
  }

  #follow(candidates: readonly ConversationId[]): void {
    const { entries, position } = this.#parts.replica.state;
    const topics: { readonly conversationId: ConversationId; readonly pts: number }[] = [];
    for (const conversationId of candidates) {
      const entry = entries.get(conversationId);
      if (entry?.isShared !== true || !entry.isMember || this.#followed.has(conversationId)) continue;
      this.#followed.add(conversationId);
      topics.push({ conversationId, pts: entry.topicPts });
    }
    for (let start = 0; start < topics.length; start += FOLLOW_MAX)
      this.#ask(position.epoch, topics.slice(start, start + FOLLOW_MAX));
  }

  #ask(
    epoch: number,
    topics: readonly { readonly conversationId: ConversationId; readonly pts: number }[],
  ): void {
    const generation = this.#generation;
    this.#asking += 1;
    this.#parts.requests
      .callOnce("follow", { epoch, topics })
      .then(() => this.#asked(generation))
      .catch((error: unknown) => {
        if (generation === this.#generation) this.#parts.onFailed(error);
      });
  }

  #asked(generation: number): void {
    if (generation !== this.#generation) return;
    this.#asking -= 1;
    if (this.#asking === 0) this.#parts.onIdle();
  }
}
