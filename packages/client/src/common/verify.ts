/** Compares what is stored of a conversation with the server, and repairs it. */
import { type ConversationEntry, type ConversationId, DIGEST_SPAN_MAX, digestOf } from "@parley/protocol";
import type { History } from "./history.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import { newestSpan } from "./spans.js";
import type { Span } from "./store.js";

export interface VerifyParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
  readonly history: History;
}

/** The newest `count` held sequences of a conversation that is as `entry` says; undefined when none is held. */
export function newestHeld(replica: Replica, entry: ConversationEntry, count: number): Span | undefined {
  const held = newestSpan(replica.state.spans.get(entry.conversationId) ?? [], entry.lastSequence);
  if (held === undefined) return undefined;
  const covered = Math.min(count, DIGEST_SPAN_MAX);
  const first = Math.max(held.first, entry.firstVisible, held.last - covered + 1);
  return first > held.last ? undefined : { first, last: held.last };
}

/** Compares a held span of at most DIGEST_SPAN_MAX; true when it differed and was fetched again. */
export async function verifySpan(
  { replica, requests, history }: VerifyParts,
  conversationId: ConversationId,
  { first, last }: Span,
): Promise<boolean> {
  const answer = await requests.call("getDigest", { conversationId, first, last });
  const messages = await replica.store.readMessages(conversationId, { first, last });
  if (answer.count === messages.length && answer.digest === digestOf(messages)) return false;
  // A message hidden between the answer and the reading looks like damage too; fetching again does no harm.
  await history.refetch(conversationId, first, last);
  return true;
}
