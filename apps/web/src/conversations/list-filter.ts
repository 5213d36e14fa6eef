/** What of the list is shown. */
import { type ConversationEntry, directUsers } from "@parley/protocol";
import { unreadOf } from "./conversation-title.js";

export const LIST_FILTERS = ["all", "unread", "mentions", "groups", "direct"] as const;
export type ListFilter = (typeof LIST_FILTERS)[number];

type Filtered = Pick<ConversationEntry, "conversationId" | "unread" | "unreadMentions" | "isMember">;

export function passesFilter(entry: Filtered, filter: ListFilter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "unread":
      return unreadOf(entry) > 0;
    case "mentions":
      return entry.isMember && entry.unreadMentions.length > 0;
    case "groups":
      return directUsers(entry.conversationId) === undefined;
    case "direct":
      return directUsers(entry.conversationId) !== undefined;
  }
}
