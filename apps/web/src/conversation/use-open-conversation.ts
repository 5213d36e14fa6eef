import type { ParleyClient } from "@parley/client";
import type { ConversationEntry } from "@parley/protocol";
import { useEffect, useState } from "react";
import { useChat } from "../session/chat-context.js";

/** Messages that are loaded at a time on the way to the first unread one. */
const UNREAD_PAGE = 200;
/** Beyond this many pages the list opens at the oldest message that was loaded. */
const UNREAD_PAGES_MAX = 3;
/** A slow server is not waited for longer than this: what is there is shown. */
const UNREAD_WAIT_MS_MAX = 2_000;

/** Keeps a conversation loaded while it is shown; true when it reaches back to the first unread message. */
export function useOpenConversation(entry: ConversationEntry, onError: (error: unknown) => void): boolean {
  const { client } = useChat();
  const { conversationId } = entry;
  const [isReady, setIsReady] = useState(false);
  useEffect(() => {
    let isShown = true;
    const show = (): void => {
      if (isShown) setIsReady(true);
    };
    const timer = setTimeout(show, UNREAD_WAIT_MS_MAX);
    loadUnread(client, entry)
      .catch((error: unknown) => {
        if (isShown) onError(error);
      })
      .finally(show)
      .catch(() => undefined);
    return () => {
      isShown = false;
      clearTimeout(timer);
      client.close(conversationId);
    };
    // What is unread later, and what is done with an error, must not load again.
  }, [client, conversationId]);
  return isReady;
}

async function loadUnread(client: ParleyClient, entry: ConversationEntry): Promise<void> {
  const { conversationId, unreadRanges } = entry;
  const firstUnread = unreadRanges[0] ?? Infinity;
  let timeline = await client.open(conversationId);
  for (let page = 0; page < UNREAD_PAGES_MAX; page++) {
    const first = timeline.messages[0]?.sequence ?? 0;
    if (first <= firstUnread || timeline.isAtBeginning || client.state !== "live") return;
    timeline = await client.loadOlder(conversationId, UNREAD_PAGE);
  }
}
