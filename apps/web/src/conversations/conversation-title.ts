/** What a conversation is called, and how it is found by that. */
import { type ConversationEntry, type ConversationId, directUsers, type UserId } from "@parley/protocol";

/** The other person of a direct chat; undefined for a group. */
export function otherOf(conversationId: ConversationId, self: UserId): UserId | undefined {
  const users = directUsers(conversationId);
  return users === undefined ? undefined : users[0] === self ? users[1] : users[0];
}

export interface Naming {
  readonly self: UserId;
  readonly nameOf: (userId: UserId) => string;
  /** For a group without a title. */
  readonly untitled: string;
}

/** A group's title, or the name of the other person. */
export function titleOf(
  entry: Pick<ConversationEntry, "conversationId" | "title">,
  { self, nameOf, untitled }: Naming,
): string {
  const other = otherOf(entry.conversationId, self);
  if (other !== undefined) return nameOf(other);
  return entry.title === "" ? untitled : entry.title;
}

/** What counts as unread: nothing in a group that one has left, where nothing can be marked as read any more. */
export function unreadOf(entry: Pick<ConversationEntry, "unread" | "isMember">): number {
  return entry.isMember ? entry.unread : 0;
}

/** Whether every word of `query` is in `title`; case, accents and the order of the words do not matter. */
export function matches(title: string, query: string): boolean {
  const plainTitle = plain(title);
  return plain(query)
    .split(/\s+/u)
    .every((word) => plainTitle.includes(word));
}

function plain(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLocaleLowerCase("en");
}
