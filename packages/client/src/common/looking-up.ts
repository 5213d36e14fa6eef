/** Single messages, as this user may see them now: from what is held, else from the server. And those that mention me. */
import { type ConversationId, type Message, MESSAGES_PER_REQUEST_MAX } from "@parley/protocol";
import { MENTION_PAGES_MAX } from "./limits.js";
import { ownMessage } from "./own-bytes.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import { findSpan } from "./spans.js";

export interface LookUpParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
}

/** A page of messages that mention me, the newest first. */
export interface MentionPage {
  readonly messages: readonly Message[];
  /** Cursor of the next page; empty on the last one. */
  readonly next: string;
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

/** The next page that shows any, or the last. Errors: those of a request, "not-a-member" for one conversation. */
export async function listMentions(
  requests: Pick<Requests, "call">,
  cursor: string,
  conversationId?: ConversationId,
): Promise<MentionPage> {
  let page: MentionPage = { messages: [], next: cursor };
  for (let count = 0; count < MENTION_PAGES_MAX; count++) {
    const where = conversationId === undefined ? {} : { conversationId };
    const answer = await requests.call("listMentions", { cursor: page.next, ...where });
    page = { messages: answer.messages.map(ownMessage), next: answer.next };
    if (page.messages.length > 0 || page.next === "") break;
  }
  return page;
}
