/** Messages that mention me: asked of the server, and not stored. */
import type { ConversationId, Message } from "@parley/protocol";
import { MENTION_PAGES_MAX } from "./limits.js";
import { ownMessage } from "./own-bytes.js";
import type { Requests } from "./requests.js";

/** A page of messages that mention me, the newest first. */
export interface MentionPage {
  readonly messages: readonly Message[];
  /** Cursor of the next page; empty on the last one. */
  readonly next: string;
}

/** The next page that shows any, or the last. Errors: those of a request, "not-a-member" for one conversation. */
export async function listMentions(
  requests: Pick<Requests, "call">,
  cursor = "",
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
