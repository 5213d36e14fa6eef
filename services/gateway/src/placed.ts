import { type ConversationId, parseConversationId } from "@parley/protocol";

/** A payload whose conversation is checked. Errors: "bad-request". */
export function placed<T extends { readonly conversationId: string }>(
  payload: T,
): T & { readonly conversationId: ConversationId } {
  return { ...payload, conversationId: parseConversationId(payload.conversationId) };
}
