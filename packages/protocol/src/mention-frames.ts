/** Messages that mention a user. */
import { list, schema, string, uint } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";
import { Message } from "./model.js";

/** Asks for messages that mention me, the newest first; continued with the answer's `next`. */
export const ListMentions = schema("ListMentions", {
  requestId: uint(1),
  cursor: string(2),
  limit: uint(3),
  /** When set: only those of this conversation. */
  conversationId: string<ConversationId>(4),
});
/** A page may be shorter than its limit, and even empty, before the last one. */
export const MentionPage = schema("MentionPage", {
  requestId: uint(1),
  messages: list(2, Message),
  /** Empty on the last page. */
  next: string(3),
});
