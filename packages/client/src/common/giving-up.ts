/**
 * What the store holds of each conversation, and which old history is given up when that is too much. Never given up: the outbox, what is
 * unread, the newest page, what is open or was looked at lately.
 */
import { turn } from "@parley/base";
import { type ConversationEntry, encode, Message } from "@parley/protocol";
import {
  EVICTED_PER_PASS_MAX,
  EVICTION_SAMPLE,
  EVICTION_SPARED_MS,
  EVICTION_TARGET,
  TIMELINE_PAGE,
} from "./limits.js";
import { spansFrom } from "./spans.js";
import {
  type ConversationUsage,
  type Eviction,
  type StorageParts,
  type StorageUsage,
  totalOf,
} from "./storage.js";
import type { Span } from "./store.js";

/** What a stored message takes besides its encoded form: its key, and the names of its fields. */
const MESSAGE_OVERHEAD_BYTES = 300;

/** Cost: one read of at most EVICTION_SAMPLE messages for each conversation, with a turn for others after each. */
export async function measureStorage({ replica, ambient, budgetBytes }: StorageParts): Promise<StorageUsage> {
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

/** What to give up because the store has no room at all: half of what may go. */
export async function chooseForRoom(parts: StorageParts): Promise<readonly Eviction[]> {
  const usage = await measureStorage(parts);
  return choose(parts, usage, usage.bytes / 2);
}

/** Gives up what is too much; what is durable when it resolves is gone. */
export async function giveUpHistory(parts: StorageParts): Promise<void> {
  const usage = await measureStorage(parts);
  const { bytes, budgetBytes = Number.POSITIVE_INFINITY } = usage;
  if (bytes <= budgetBytes) return;
  const evictions = choose(parts, usage, bytes - budgetBytes * EVICTION_TARGET);
  if (evictions.length === 0) return;
  await parts.replica.edit((draft) => {
    for (const { conversationId } of evictions) {
      // It may have become unread meanwhile.
      const before = keptFrom(draft.entry(conversationId));
      if (before > 1) draft.evict(conversationId, before);
    }
  });
  parts.onEvicted(totalOf(evictions));
}

/** Whose history goes: those that were not looked at for longest. */
function choose(
  { replica, ambient, isOpen }: StorageParts,
  { conversations }: StorageUsage,
  excessBytes: number,
): readonly Eviction[] {
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
