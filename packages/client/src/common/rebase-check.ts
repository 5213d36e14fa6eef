/**
 * What may still be held after a Rebase. The events that would have told what was hidden meanwhile are not coming, so
 * the newest held messages of each conversation are compared with the server, and everything else that was held before
 * is given up: its messages stay in the store, but whoever looks at them fetches them again.
 */
import { failureCode } from "@parley/base";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import type { Draft } from "./draft.js";
import { REBASE_CHECKS_AT_A_TIME, REBASE_CHECKS_MAX, VERIFY_SPAN } from "./limits.js";
import { within } from "./spans.js";
import type { Span } from "./store.js";
import { newestHeld, type VerifyParts, verifySpan } from "./verify.js";

/** For each conversation where something was held: what of it can be trusted, if anything. */
export type Trusted = ReadonlyMap<ConversationId, Span | undefined>;

/**
 * Compares what is held with the server; `entries` is the list that the Rebase brought. Ends early, with less trusted,
 * when `isCurrent` says that nobody waits for it any more.
 * Errors: those of a request.
 */
export async function checkHeld(
  parts: VerifyParts,
  entries: readonly ConversationEntry[],
  isCurrent: () => boolean,
): Promise<Trusted> {
  const trusted = new Map<ConversationId, Span | undefined>();
  for (const conversationId of parts.replica.state.spans.keys()) trusted.set(conversationId, undefined);
  const rest = entries
    .filter(({ conversationId }) => trusted.has(conversationId))
    .toSorted((one, other) => other.updatedMs - one.updatedMs)
    .slice(0, REBASE_CHECKS_MAX)
    .values();
  const work = async (): Promise<void> => {
    for (const entry of rest) {
      if (!isCurrent()) return;
      trusted.set(entry.conversationId, await checkOne(parts, entry));
    }
  };
  await Promise.all(Array.from({ length: REBASE_CHECKS_AT_A_TIME }, work));
  return trusted;
}

/** As `checkHeld`, of one conversation alone. */
export async function checkHeldOf(parts: VerifyParts, entry: ConversationEntry): Promise<Trusted> {
  const { conversationId } = entry;
  if (!parts.replica.state.spans.has(conversationId)) return new Map();
  return new Map([[conversationId, await checkOne(parts, entry)]]);
}

/** Gives up what is not trusted, in the commit that makes the Rebase take effect. */
export function giveUpRest(draft: Draft, trusted: Trusted): void {
  // All that is held now: what was begun while the list was fetched was not compared either.
  for (const conversationId of draft.heldConversations()) giveUpRestOf(draft, conversationId, trusted);
}

/** As `giveUpRest`, of one conversation alone. */
export function giveUpRestOf(draft: Draft, conversationId: ConversationId, trusted: Trusted): void {
  const span = trusted.get(conversationId);
  const spans = draft.spans(conversationId);
  const kept = span === undefined ? [] : within(spans, span);
  if (kept.length !== spans.length || kept.some((one, index) => one !== spans[index]))
    draft.setSpans(conversationId, kept);
}

async function checkOne(parts: VerifyParts, entry: ConversationEntry): Promise<Span | undefined> {
  const newest = newestHeld(parts.replica, entry, VERIFY_SPAN);
  // What is held above the end is of a conversation that began anew, or lost its end: its event comes again if it is true.
  if (newest === undefined || newest.first > entry.lastSequence) return undefined;
  const held = { first: newest.first, last: Math.min(newest.last, entry.lastSequence) };
  try {
    await verifySpan(parts, entry.conversationId, held);
  } catch (error) {
    // Who has left cannot ask any more; what was deleted for me in the meantime may be among what is held.
    if (failureCode(error) === "not-a-member") return undefined;
    throw error;
  }
  // What was placed above it in the meantime was not compared. Above the end of the list its event brings it again.
  return held;
}
