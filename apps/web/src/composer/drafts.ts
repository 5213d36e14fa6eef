/** What somebody has begun to write, for each conversation; all tabs share it, and it outlives them. */
import type { ConversationId, UserId } from "@parley/protocol";
import type { KeyValues } from "../session/browser-storage.js";

/** Beyond this a draft lives only as long as its field. */
export const DRAFT_CHARACTERS_MAX = 50_000;

export class Drafts {
  readonly #storage: KeyValues;
  readonly #self: UserId;
  readonly #listeners = new Set<() => void>();

  constructor(storage: KeyValues, self: UserId) {
    this.#storage = storage;
    this.#self = self;
  }

  /** Tells of every change, of whichever conversation. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The draft of a conversation, empty when there is none. */
  read(conversationId: ConversationId): string {
    return this.#storage.getItem(this.#keyOf(conversationId)) ?? "";
  }

  /** Keeps a draft, or forgets it when it is empty. */
  keep(conversationId: ConversationId, text: string): void {
    const key = this.#keyOf(conversationId);
    try {
      if (text === "" || text.length > DRAFT_CHARACTERS_MAX) this.#storage.removeItem(key);
      else this.#storage.setItem(key, text);
    } catch {
      // A full storage keeps the older draft; the field still shows the newer one.
    }
    this.refresh();
  }

  /** Another tab may have kept one. */
  refresh(): void {
    for (const listener of this.#listeners) listener();
  }

  #keyOf(conversationId: ConversationId): string {
    return `parley.draft.${this.#self}.${conversationId}`;
  }
}
