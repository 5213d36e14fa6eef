/** Conversations that a user keeps at the top of the list, on all devices. */
import { type Infer, bool, schema, string, uint } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";

/** I pinned a conversation in my list, or unpinned it, here or on another of my devices. */
export const ListPinnedEvent = schema("ListPinnedEvent", {
  conversationId: string<ConversationId>(1),
  /** When; 0: it is not pinned any more. One that is pinned stays so as it is. */
  pinnedMs: uint(2),
});
export type ListPinnedEvent = Infer<typeof ListPinnedEvent>;

/** Sets what ListPinnedEvent then tells all of my devices. Answered by Done when it is durable. */
export const SetPinned = schema("SetPinned", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  isPinned: bool(3),
});
