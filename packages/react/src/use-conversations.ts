/** The list of conversations, and parts of it. */
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { useCallback, useMemo } from "react";
import { useParley } from "./parley-provider.js";
import { useSelected } from "./use-selected.js";

/** What has not been read. */
export interface Unread {
  /** Messages. */
  readonly count: number;
  /** Conversations with any. */
  readonly conversations: number;
  /** Messages that mention me, as far as entries name them. */
  readonly mentions: number;
}

/** The list, most recently changed first. */
export type Entries = readonly ConversationEntry[];

/**
 * The list, most recently changed first; the same array until it changes. With `select` a part of it: the component is rendered when the
 * part changes by `isEqual`, which is `Object.is` by default.
 */
export function useConversations(): Entries;
export function useConversations<T>(
  select: (entries: Entries) => T,
  isEqual?: (one: T, other: T) => boolean,
): T;
export function useConversations<T>(
  select?: (entries: Entries) => T,
  isEqual?: (one: T, other: T) => boolean,
): Entries | T {
  const client = useParley();
  const store = useMemo(
    () => ({
      subscribe: (listener: () => void) => client.on("conversations", listener),
      read: () => client.conversations(),
    }),
    [client],
  );
  return useSelected<Entries, Entries | T>(
    store,
    select ?? all,
    (isEqual as ((one: Entries | T, other: Entries | T) => boolean) | undefined) ?? Object.is,
  );
}

/** One entry of the list; undefined when I am not in that conversation. */
export function useConversation(conversationId: ConversationId): ConversationEntry | undefined {
  const select = useCallback(
    (entries: Entries) => entries.find((entry) => entry.conversationId === conversationId),
    [conversationId],
  );
  return useConversations(select);
}

/** What has not been read, in all conversations, or in one. */
export function useUnread(conversationId?: ConversationId): Unread {
  const select = useCallback(
    (entries: Entries) =>
      unreadOf(
        conversationId === undefined
          ? entries
          : entries.filter((entry) => entry.conversationId === conversationId),
      ),
    [conversationId],
  );
  return useConversations(select, isSameUnread);
}

function all(entries: Entries): Entries {
  return entries;
}

function unreadOf(entries: Entries): Unread {
  return {
    count: entries.reduce((sum, { unread }) => sum + unread, 0),
    conversations: entries.filter(({ unread }) => unread > 0).length,
    mentions: entries.reduce((sum, { unreadMentions }) => sum + unreadMentions.length, 0),
  };
}

function isSameUnread(one: Unread, other: Unread): boolean {
  return (
    one.count === other.count && one.conversations === other.conversations && one.mentions === other.mentions
  );
}
