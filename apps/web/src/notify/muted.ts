import type { ConversationNotify } from "@parley/client";

/** Whether one is told of nothing in a conversation now. */
export function isMutedNow({ level, mutedUntilMs }: ConversationNotify): boolean {
  return level === "none" || mutedUntilMs > Date.now();
}
