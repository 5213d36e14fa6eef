import type { ParleyClient } from "@parley/client";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../session/chat-context.js";

/** Messages that are loaded at a time on the way to the first unread one. */
const UNREAD_PAGE = 200;
/** Beyond this many pages the list opens at the oldest message that was loaded. */
const UNREAD_PAGES_MAX = 3;
/** A slow server is not waited for longer than this: what is there is shown. */
const UNREAD_WAIT_MS_MAX = 2_000;

/** Where one wants to be: at a message, or undefined for where one left off. */
export interface Wish {
  readonly sequence: number | undefined;
  /** Another number is another wish, also for the same message. */
  readonly visit: number;
}

/** What the list shows. */
export interface OpenPart {
  /** Another number is another part of the conversation: the list begins anew. 0 while nothing is loaded. */
  readonly part: number;
  /** The message that was asked for. */
  readonly sequence: number | undefined;
  /** Goes to the newest messages. */
  readonly showNewest: () => void;
}

/** Keeps a conversation loaded while it is shown: back to the first unread message, or around the one that is asked for. */
export function useOpenConversation(
  entry: ConversationEntry,
  { sequence, visit }: Wish,
  onError: (error: unknown) => void,
): OpenPart {
  const { client } = useChat();
  const { conversationId } = entry;
  const [shown, setShown] = useState<Omit<OpenPart, "showNewest">>({ part: 0, sequence: undefined });
  /** Only what was asked for last is shown. */
  const asked = useRef(0);
  const load = useCallback(
    (loading: Promise<unknown>, at: number | undefined) => {
      asked.current += 1;
      const own = asked.current;
      const show = (): void => {
        if (own === asked.current) setShown({ part: own, sequence: at });
      };
      const timer = setTimeout(show, UNREAD_WAIT_MS_MAX);
      loading
        .catch((error: unknown) => {
          if (own === asked.current) onError(error);
        })
        .finally(() => {
          clearTimeout(timer);
          show();
        })
        .catch(() => undefined);
    },
    // What is done with an error must not load again.
    [],
  );
  useEffect(
    () => () => {
      asked.current += 1;
      client.close(conversationId);
    },
    [client, conversationId],
  );
  useEffect(() => {
    load(
      sequence === undefined ? loadUnread(client, entry) : loadAround(client, conversationId, sequence),
      sequence,
    );
    // What is unread later must not load again.
  }, [client, conversationId, sequence, visit, load]);
  const showNewest = useCallback(
    () => load(client.open(conversationId), undefined),
    [client, conversationId, load],
  );
  return { ...shown, showNewest };
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

/** What cannot be fetched now leaves the newest messages to be shown. */
async function loadAround(
  client: ParleyClient,
  conversationId: ConversationId,
  sequence: number,
): Promise<void> {
  try {
    await client.openAt(conversationId, sequence);
  } catch (error) {
    await client.open(conversationId).catch(() => undefined);
    throw error;
  }
}
