/** Frames about messages that are changed. */
import { list, nested, schema, string, uint } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";
import { Body, Edit } from "./model.js";

/** Replaces the text of a message of mine. Answered by Done when it is durable; an edit that changes nothing is done too. */
export const EditMessage = schema("EditMessage", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  body: nested(4, Body),
});

/** Takes a message back, for everybody. Answered by Done when it is durable, also when it was recalled before. */
export const RecallMessage = schema("RecallMessage", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
});

/** Asks what a message said before its edits, from the body of revision `from` on. */
export const GetEdits = schema("GetEdits", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  from: uint(4),
});
/** The oldest first; what it says now is the message itself. */
export const Edits = schema("Edits", {
  requestId: uint(1),
  items: list(2, Edit),
  /** `from` of the next page; 0 on the last one. */
  next: uint(3),
});
