/** Which conversations components show: each is opened for the first and closed after the last of them. */
import type { ParleyClient } from "@parley/client";
import type { ConversationId } from "@parley/protocol";

export class OpenConversations {
  readonly #client: ParleyClient;
  readonly #counts = new Map<ConversationId, number>();

  constructor(client: ParleyClient) {
    this.#client = client;
  }

  /**
   * Keeps a conversation open until what it returns is called. It closes a turn later, for a component may come back at once: in
   * StrictMode each does. `onLoaded` is told when what can be loaded now is, with the failure if there was one.
   */
  keep(conversationId: ConversationId, onLoaded: (failure: unknown) => void): () => void {
    const count = this.#counts.get(conversationId) ?? 0;
    this.#counts.set(conversationId, count + 1);
    const isOpen = count > 0 && this.#client.timeline(conversationId) !== undefined;
    const loading = isOpen ? Promise.resolve() : this.#client.open(conversationId);
    loading.then(
      () => onLoaded(undefined),
      (failure: unknown) => onLoaded(failure),
    );
    let isKept = true;
    return () => {
      if (!isKept) return;
      isKept = false;
      this.#counts.set(conversationId, (this.#counts.get(conversationId) ?? 1) - 1);
      void Promise.resolve().then(() => this.#closeUnused(conversationId));
    };
  }

  #closeUnused(conversationId: ConversationId): void {
    if (this.#counts.get(conversationId) !== 0) return;
    this.#counts.delete(conversationId);
    this.#client.close(conversationId);
  }
}
