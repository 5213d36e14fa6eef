/** The address of the page names the open conversation: `#/` and its id. Back and forward work by themselves. */
import { type ConversationId, parseConversationId } from "@parley/protocol";

const PREFIX = "#/";

/** The conversation that a fragment of an address names; undefined when it names none. */
export function conversationOfHash(hash: string): ConversationId | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  try {
    return parseConversationId(decodeURIComponent(hash.slice(PREFIX.length)));
  } catch {
    // Typed by hand, or cut off when it was copied.
    return undefined;
  }
}

/** The fragment that names a conversation. */
export function hashOf(conversationId: ConversationId): string {
  return `${PREFIX}${encodeURIComponent(conversationId)}`;
}
