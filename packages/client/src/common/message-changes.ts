/** Requests that change a message, and the one that asks what it said before. The change itself comes as an event. */
import { type ConversationId, type Edit, EDITS_MAX } from "@parley/protocol";
import type { Requests } from "./requests.js";
import { requireTextInLimit } from "./text-limit.js";

type Calls = Pick<Requests, "call">;

export interface MessagePlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** Errors: "message-too-large", those of the request. */
export async function editMessage(requests: Calls, place: MessagePlace, text: string): Promise<void> {
  requireTextInLimit(text);
  await requests.call("edit", { ...place, body: { text: { text }, notice: undefined } });
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
