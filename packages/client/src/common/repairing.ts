/**
 * Repairs what the store holds: what a read found to be damaged is fetched again; and of a few conversations, chosen by chance at each start,
 * the newest span is compared with the server, and fetched again when something in it changed or is missing.
 */
import type { ConversationId } from "@parley/protocol";
import { SAMPLE_CONVERSATIONS, VERIFY_SPAN } from "./limits.js";
import type { SampleParts } from "./sample-check.js";
import type { Span } from "./store.js";
import { verifyNewest } from "./verify-newest.js";

/** Of a conversation what could not be read. */
export interface Damage {
  readonly conversationId: ConversationId;
  readonly span: Span;
}

/** Errors: those of requests; what was repaired until then stays so. */
export async function repairDamaged(parts: SampleParts, damaged: readonly Damage[]): Promise<void> {
  for (const { conversationId, span } of damaged) {
    if (!isMember(parts, conversationId)) continue;
    await parts.history.refetch(conversationId, span.first, span.last);
    parts.ambient.logger.warn("store repaired", { conversationId });
  }
}

/** Compares some of these. Errors: those of requests. */
export async function repairSample(parts: SampleParts, unseen: readonly ConversationId[]): Promise<void> {
  const { ambient } = parts;
  const held = [...unseen];
  const sample: ConversationId[] = [];
  while (held.length > 0 && sample.length < SAMPLE_CONVERSATIONS)
    sample.push(...held.splice(Math.floor(ambient.random.unit() * held.length), 1));
  for (const conversationId of sample)
    if (isMember(parts, conversationId) && (await verifyNewest(parts, conversationId, VERIFY_SPAN)))
      ambient.logger.warn("store repaired", { conversationId });
}

function isMember({ replica }: SampleParts, conversationId: ConversationId): boolean {
  return replica.entry(conversationId)?.isMember === true;
}
