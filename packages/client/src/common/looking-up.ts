/** Single messages, as this user may see them now: from what is held, else from the server. */
import { type ConversationId, type Message, MESSAGES_PER_REQUEST_MAX } from "@parley/protocol";
import { ownMessage } from "./own-bytes.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import { findSpan } from "./spans.js";

export interface LookUpParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
}

/** In the order of `sequences`; undefined: it does not exist for this user. Errors: those of a request, for what is not held. */
export async function lookUp(
  { replica, requests }: LookUpParts,
  conversationId: ConversationId,
  sequences: readonly number[],
): Promise<readonly (Message | undefined)[]> {
  const found = new Map<number, Message>();
  const missing: number[] = [];
  const firstVisible = replica.entry(conversationId)?.firstVisible ?? 1;
  const spans = replica.state.spans.get(conversationId) ?? [];
  for (const sequence of new Set(sequences)) {
    if (sequence < firstVisible) continue;
    if (findSpan(spans, sequence) === undefined) missing.push(sequence);
    else {
      const held = await replica.store.readMessages(conversationId, { first: sequence, last: sequence });
      // What is not there in a held span is void.
      if (held[0] !== undefined) found.set(sequence, held[0]);
    }
  }
  let rest: readonly number[] = missing;
  while (rest.length > 0) {
    const asked = rest.slice(0, MESSAGES_PER_REQUEST_MAX);
    const answer = await requests.call("getMessages", { conversationId, sequences: asked });
    for (const message of answer.messages) found.set(message.sequence, ownMessage(message));
    // An answer answers one at least.
    rest = rest.slice(Math.max(1, answer.answered));
  }
  return sequences.map((sequence) => found.get(sequence));
}
