/** Requests that change a message, and the one that asks what it said before. The change itself comes as an event. */
import {
  type Body,
  type ConversationId,
  type Edit,
  EDITS_MAX,
  HIDE_MAX,
  type Init,
  textBody,
} from "@parley/protocol";
import type { Requests } from "./requests.js";
import { outgoingOf } from "./sending.js";

type Calls = Pick<Requests, "call">;

export interface MessagePlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** Errors: "message-too-large", those of the request. */
export async function editMessage(
  requests: Calls,
  place: MessagePlace,
  text: string | Init<Body>,
): Promise<void> {
  const { body } = outgoingOf(typeof text === "string" ? textBody(text) : text);
  await requests.call("edit", { ...place, body });
}

/** Errors: those of the request. */
export async function recallMessage(requests: Calls, place: MessagePlace): Promise<void> {
  await requests.call("recall", place);
}

/** All of it, page by page, the oldest first. Errors: those of the request. */
export async function listEdits(requests: Calls, place: MessagePlace): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  let from = 0;
  // A page has one at least.
  for (let page = 0; page < EDITS_MAX; page++) {
    const answer = await requests.call("getEdits", { ...place, from });
    edits.push(...answer.items);
    if (answer.next <= from) break;
    from = answer.next;
  }
  return edits;
}

/** Deletes messages for me, as many at a time as one request may name. Errors: those of a request. */
export async function hideMessages(
  requests: Pick<Requests, "call">,
  conversationId: ConversationId,
  sequences: readonly number[],
): Promise<void> {
  for (let start = 0; start < sequences.length; start += HIDE_MAX) {
    await requests.call("hide", { conversationId, sequences: sequences.slice(start, start + HIDE_MAX) });
  }
}
