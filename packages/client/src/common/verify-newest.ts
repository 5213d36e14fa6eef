/** Compares the newest of what is held of a conversation with the server. */
import { type ConversationId, emptyEntry } from "@parley/protocol";
import { VERIFY_SPAN } from "./limits.js";
import { newestHeld, type VerifyParts, verifySpan } from "./verify.js";

/** Compares the newest `count` held sequences; true when they differed and were fetched again. */
export async function verifyNewest(
  parts: VerifyParts,
  conversationId: ConversationId,
  count: number = VERIFY_SPAN,
): Promise<boolean> {
  const entry = parts.replica.entry(conversationId) ?? emptyEntry(conversationId);
  const span = newestHeld(parts.replica, entry, count);
  return span !== undefined && (await verifySpan(parts, conversationId, span));
}
