/**
 * When old history is given up because the store holds too much, and what is spared. What is given up is fetched again when somebody looks
 * at it. What goes is chosen by `giving-up.ts`, which comes late.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import { EVICTION_MESSAGES, LOOKED_STEP_MS } from "./limits.js";
import type { Loaders } from "./loaders.js";
import type { Relay } from "./relay.js";
import type { Replica } from "./replica.js";
import type { Change } from "./store.js";

/** What the local store holds, estimated from samples. */
export interface StorageUsage {
  readonly bytes: number;
  /** Beyond it old history is given up; undefined: there is no limit. */
  readonly budgetBytes: number | undefined;
  /** The largest first. */
  readonly conversations: readonly ConversationUsage[];
}

/** What it holds of one conversation, estimated. */
export interface ConversationUsage {
  readonly conversationId: ConversationId;
  readonly messages: number;
  readonly bytes: number;
}

export interface Eviction {
  readonly conversationId: ConversationId;
  /** What is held below it goes. */
  readonly before: number;
  readonly bytes: number;
}

export interface StorageParts {
  readonly replica: Replica;
  readonly relay: Relay;
  readonly ambient: Ambient;
  readonly budgetBytes: (() => Promise<number>) | undefined;
  readonly isOpen: (conversationId: ConversationId) => boolean;
  readonly onEvicted: (evicted: { readonly bytes: number; readonly conversations: number }) => void;
  readonly load: Loaders["calls"];
}

/** What was given up, in all. */
export function totalOf(evictions: readonly Eviction[]): { bytes: number; conversations: number } {
  return {
    bytes: evictions.reduce((sum, { bytes }) => sum + bytes, 0),
    conversations: evictions.length,
  };
}

/** Has a replica give up old history, now and then and when its store is full. */
export class LocalStorage {
  readonly parts: StorageParts;
  /** Messages stored since the last pass; the first commit of a client begins one. */
  #storedCount = EVICTION_MESSAGES;
  #isPassing = false;

  constructor(parts: StorageParts) {
    this.parts = parts;
    const { replica, load, onEvicted } = parts;
    replica.makeRoom = async () => (await load()).chooseForRoom(parts);
    replica.onMadeRoom = (evictions) => onEvicted(totalOf(evictions));
  }

  /** Somebody looks at a conversation: its history is spared for some time. */
  look(conversationId: ConversationId): void {
    const { replica, relay, ambient } = this.parts;
    const nowMs = ambient.clock.nowMs();
    if (nowMs - (replica.state.looked.get(conversationId) ?? 0) < LOOKED_STEP_MS) return;
    const noted = relay.isFollowing
      ? relay.call("look", [conversationId], true)
      : replica.edit((draft) => draft.noteLooked(conversationId, nowMs));
    // It is told again with the next look.
    noted.catch((error: unknown) => ambient.logger.info("look not stored", { reason: messageOf(error) }));
  }

  /** A commit of this client: now and then it is the time to look at the whole. */
  note(changes: readonly Change[]): void {
    const { budgetBytes, relay } = this.parts;
    if (budgetBytes === undefined || relay.isFollowing) return;
    for (const change of changes)
      if (change.kind === "put-messages") this.#storedCount += change.messages.length;
    if (this.#storedCount < EVICTION_MESSAGES || this.#isPassing) return;
    this.#storedCount = 0;
    this.#isPassing = true;
    void this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    const { load, ambient } = this.parts;
    try {
      await (await load()).giveUpHistory(this.parts);
    } catch (error) {
      ambient.logger.warn("history not given up", { reason: messageOf(error) });
    }
    this.#isPassing = false;
  }
}
