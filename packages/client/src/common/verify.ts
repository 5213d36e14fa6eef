/** Compares what is stored of a conversation with the server, and repairs it. */
import { type ConversationId, DIGEST_SPAN_MAX, digestOf } from "@parley/protocol";
import type { History } from "./history.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import { newestSpan } from "./spans.js";

export interface VerifyParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
  readonly history: History;
}

/** Compares the newest `count` held sequences; true when they differed and were fetched again. */
export async function verifyNewest(
  parts: VerifyParts,
  conversationId: ConversationId,
  count: number,
): Promise<boolean> {
  const { replica, requests, history } = parts;
  const entry = replica.entry(conversationId);
  const held = newestSpan(replica.state.spans.get(conversationId) ?? [], entry?.lastSequence ?? 0);
  if (held === undefined) return false;
  const covered = Math.min(count, DIGEST_SPAN_MAX);
  const first = Math.max(held.first, entry?.firstVisible ?? 1, held.last - covered + 1);
  const { last } = held;
  if (first > last) return false;
  const answer = await requests.call("getDigest", { conversationId, first, last });
  const messages = await replica.store.readMessages(conversationId, { first, last });
  if (answer.count === messages.length && answer.digest === digestOf(messages)) return false;
  // A message hidden between the answer and the reading looks like damage too; fetching again does no harm.
  await history.refetch(conversationId, first, last);
  return true;
}
