/**
 * The hooks through which components see the client. Nothing is copied: each reads the client's own newest state. Of the list and the
 * open conversation, which change with every message, the newest that there was time to draw.
 */
import type { ConnectionStatus, Timeline } from "@parley/client";
import type { ConversationEntry, ConversationId, Pin, ReadCount, UserId } from "@parley/protocol";
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { isOnlyNews } from "./only-news.js";
import { createPacedView } from "./paced-view.js";
import type { Chat } from "./session-controller.js";

/** Set by the app while somebody is signed in. */
export const ChatContext = createContext<Chat | undefined>(undefined);

/** The client and what belongs to it. */
export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("Nobody is signed in above this component.");
  return chat;
}

/** The conversation list, the last active first. */
export function useConversations(): readonly ConversationEntry[] {
  const { conversations } = useChat();
  return useSyncExternalStore(conversations.subscribe, conversations.current);
}

/** The open part of a conversation; undefined until the store has been read. */
export function useTimeline(conversationId: ConversationId): Timeline | undefined {
  const { client, pace } = useChat();
  const view = useMemo(
    () =>
      createPacedView({
        pace,
        read: () => client.timeline(conversationId),
        listen: (onChange) =>
          client.on("timeline", (event) => {
            if (event.conversationId === conversationId) onChange();
          }),
        isAwaited: (shown, newest) => !isOnlyNews(shown, newest),
      }),
    [client, pace, conversationId],
  );
  return useSyncExternalStore(view.subscribe, view.current);
}

/** How many have read a message, as far as it is known. */
export function useReadCount(conversationId: ConversationId, sequence: number): ReadCount | undefined {
  const { client } = useChat();
  const subscribe = useCallback((listener: () => void) => client.on("reads", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.readCount(conversationId, sequence));
}

/** The pinned messages, asked for again when they change; none until the first answer. */
export function usePins(conversationId: ConversationId): readonly Pin[] {
  const { client } = useChat();
  const [pins, setPins] = useState<readonly Pin[]>([]);
  const { state } = useConnection();
  useEffect(() => {
    let isCurrent = true;
    const show = (): void => {
      client.pins(conversationId).then(
        (found) => {
          if (isCurrent) setPins(found);
        },
        // Asked again with the next event or connection.
        () => undefined,
      );
    };
    if (state === "live") show();
    const stop = client.on("pins", (event) => {
      if (event.conversationId === conversationId) show();
    });
    return () => {
      isCurrent = false;
      stop();
    };
  }, [client, conversationId, state]);
  return pins;
}

/** What the connection is doing. */
export function useConnection(): ConnectionStatus {
  const { client } = useChat();
  const subscribe = useCallback((listener: () => void) => client.on("connection", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.connection);
}

/** Gives the names of people, and draws anew when one becomes known. */
export function useNames(): (userId: UserId) => string {
  const { names } = useChat();
  useSyncExternalStore(names.subscribe, names.version);
  return (userId) => names.nameOf(userId);
}

/** The draft of a conversation, empty when there is none or no conversation; draws anew when that one changes. */
export function useDraft(conversationId: ConversationId | undefined): string {
  const { drafts } = useChat();
  return useSyncExternalStore(drafts.subscribe, () =>
    conversationId === undefined ? "" : drafts.read(conversationId),
  );
}
