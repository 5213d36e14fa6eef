import type { ConversationId } from "@parley/protocol";
import type { Requests } from "./requests.js";

/** Errors: those of the request. */
export async function setPinned(
  requests: Pick<Requests, "call">,
  conversationId: ConversationId,
  isPinned: boolean,
): Promise<void> {
  await requests.call("setPinned", { conversationId, isPinned });
}
