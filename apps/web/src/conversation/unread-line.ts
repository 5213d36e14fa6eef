import type { ConversationEntry } from "@parley/protocol";
import { useState } from "react";

/**
 * Where the line "new messages" stands: above what was unread when the conversation was opened, or when a message came
 * that was not read as it came. It stays until the conversation is left or something newer comes unread.
 */
export function useUnreadLine(entry: ConversationEntry, isReading: boolean): number | undefined {
  const firstUnread = entry.unreadRanges[0];
  const [line, setLine] = useState(firstUnread);
  const [wasUnread, setWasUnread] = useState(firstUnread !== undefined);
  const isUnread = firstUnread !== undefined;
  if (isUnread !== wasUnread) {
    setWasUnread(isUnread);
    if (isUnread && !isReading) setLine(firstUnread);
  }
  return line;
}
