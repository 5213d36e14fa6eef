/**
 * What the store holds of each conversation, and giving up old history when that is too much. What is given up is fetched
 * again when somebody looks at it. Never given up: the outbox, what is unread, the newest page, what is open or was looked at lately.
 */
import { type Ambient, messageOf, turn } from "@parley/base";
import { type ConversationEntry, type ConversationId, encode, Message } from "@parley/protocol";
import {
  EVICTED_PER_PASS_MAX,
  EVICTION_MESSAGES,
  EVICTION_SAMPLE,
  EVICTION_SPARED_MS,
  EVICTION_TARGET,
  LOOKED_STEP_MS,
  TIMELINE_PAGE,
} from "./limits.js";
import type { Relay } from "./relay.js";
import type { Replica } from "./replica.js";
import { spansFrom } from "./spans.js";
import type { Change, Span } from "./store.js";

/** What a stored message takes besides its encoded form: its key, and the names of its fields. */
const MESSAGE_OVERHEAD_BYTES = 300;

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
}

/** Has a replica give up old history, now and then and when its store is full. */
export function createStorage(parts: StorageParts): LocalStorage {
  const storage = new LocalStorage(parts);
  parts.replica.makeRoom = () => storage.forRoom();
  parts.replica.onMadeRoom = (evictions) =>
    parts.onEvicted({ bytes: sumOf(evictions), conversations: evictions.length });
  return storage;
}

export class LocalStorage {
  readonly #parts: StorageParts;
  /** Messages stored since the last pass; the first commit of a client begins one. */
  #storedCount = EVICTION_MESSAGES;
  #isPassing = false;

  constructor(parts: StorageParts) {
    this.#parts = parts;
  }

  /** Cost: one read of at most EVICTION_SAMPLE messages for each conversation, with a turn for others after each. */
  async usage(): Promise<StorageUsage> {
    const { replica, ambient, budgetBytes } = this.#parts;
    const conversations: ConversationUsage[] = [];
    for (const [conversationId, spans] of replica.state.spans) {
      const messages = countOf(spans);
      if (messages === 0) continue;
      const range = { first: spans[0]!.first, last: spans.at(-1)!.last, newest: EVICTION_SAMPLE };
      const sample = await replica.store.readMessages(conversationId, range);
      const sampled = sample.reduce((sum, message) => sum + sizeOf(message), 0);
      const bytes = Math.round((messages * sampled) / Math.max(1, sample.length));
      conversations.push({ conversationId, messages, bytes });
      await turn(ambient.scheduler);
    }
    return {
      bytes: conversations.reduce((sum, { bytes }) => sum + bytes, 0),
      budgetBytes: await budgetBytes?.(),
      conversations: conversations.toSorted((one, other) => other.bytes - one.bytes),
    };
  }

  /** Somebody looks at a conversation: its history is spared for some time. */
  look(conversationId: ConversationId): void {
    const { replica, relay, ambient } = this.#parts;
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
    const { budgetBytes, relay, ambient } = this.#parts;
    if (budgetBytes === undefined || relay.isFollowing) return;
    for (const change of changes)
      if (change.kind === "put-messages") this.#storedCount += change.messages.length;
    if (this.#storedCount < EVICTION_MESSAGES || this.#isPassing) return;
    this.#storedCount = 0;
    this.#isPassing = true;
    this.#pass()
      .catch((error: unknown) => ambient.logger.warn("history not given up", { reason: messageOf(error) }))
      .finally(() => {
        this.#isPassing = false;
      })
      .catch(() => undefined);
  }

  /** What to give up because the store has no room at all: half of what may go. */
  async forRoom(): Promise<readonly Eviction[]> {
    const usage = await this.usage();
    return this.#choose(usage, usage.bytes / 2);
  }

  async #pass(): Promise<void> {
    const { replica, onEvicted } = this.#parts;
    const usage = await this.usage();
    const { bytes, budgetBytes = Number.POSITIVE_INFINITY } = usage;
    if (bytes <= budgetBytes) return;
    const evictions = this.#choose(usage, bytes - budgetBytes * EVICTION_TARGET);
    if (evictions.length === 0) return;
    await replica.edit((draft) => {
      for (const { conversationId } of evictions) {
        // It may have become unread meanwhile.
        const before = keptFrom(draft.entry(conversationId));
        if (before > 1) draft.evict(conversationId, before);
      }
    });
    onEvicted({ bytes: sumOf(evictions), conversations: evictions.length });
  }

  /** Whose history goes: those that were not looked at for longest. */
  #choose({ conversations }: StorageUsage, excessBytes: number): readonly Eviction[] {
    const { replica, ambient, isOpen } = this.#parts;
    const { looked, spans } = replica.state;
    const nowMs = ambient.clock.nowMs();
    const lookedMs = ({ conversationId }: ConversationUsage): number => looked.get(conversationId) ?? 0;
    const chosen: Eviction[] = [];
    let missing = excessBytes;
    for (const usage of conversations.toSorted((one, other) => lookedMs(one) - lookedMs(other))) {
      const { conversationId, messages, bytes } = usage;
      if (missing <= 0 || chosen.length >= EVICTED_PER_PASS_MAX) break;
      if (isOpen(conversationId) || nowMs - lookedMs(usage) < EVICTION_SPARED_MS) continue;
      const before = keptFrom(replica.entry(conversationId));
      const held = spans.get(conversationId) ?? [];
      const gone = messages - countOf(spansFrom(held, before));
      if (gone <= 0) continue;
      const freed = Math.round((bytes * gone) / messages);
      chosen.push({ conversationId, before, bytes: freed });
      missing -= freed;
    }
    return chosen;
  }
}

/** From here on a conversation is kept: its newest page, and what is unread. One that is not listed is not kept. */
function keptFrom(entry: ConversationEntry | undefined): number {
  if (entry === undefined) return Number.MAX_SAFE_INTEGER;
  return Math.min(entry.lastSequence - TIMELINE_PAGE + 1, entry.readSequence + 1);
}

function countOf(spans: readonly Span[]): number {
  return spans.reduce((count, { first, last }) => count + last - first + 1, 0);
}

function sizeOf(message: Message): number {
  return encode(Message, message).length + MESSAGE_OVERHEAD_BYTES;
}

function sumOf(evictions: readonly Eviction[]): number {
  return evictions.reduce((sum, { bytes }) => sum + bytes, 0);
}
