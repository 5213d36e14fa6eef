/** How much there is to read, for the title of the page and the badge of its icon: what the badge of a push counts, too. */
import { conversationNotify } from "@parley/client";
import type { ConversationEntry } from "@parley/protocol";
import { unreadOf } from "../conversations/conversation-title.js";
import { isMutedNow } from "./muted.js";

/** The fields of an entry that count. */
type Counted = Pick<
  ConversationEntry,
  "unread" | "isMember" | "notifyLevel" | "mutedUntilMs" | "isShared" | "unreadMentions"
>;

/** The unread messages of what is not muted; of large groups what their level lets through. */
export function unreadCountOf(entries: readonly Counted[]): number {
  return entries.reduce((sum, entry) => sum + countOf(entry), 0);
}

function countOf(entry: Counted): number {
  const notify = conversationNotify(entry);
  if (isMutedNow(notify)) return 0;
  const isOfMentions = entry.isShared && notify.level === "mentions";
  return isOfMentions ? Math.min(unreadOf(entry), entry.unreadMentions.length) : unreadOf(entry);
}
