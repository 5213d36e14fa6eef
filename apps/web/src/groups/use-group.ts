import type { Group } from "@parley/client";
import type { ConversationId } from "@parley/protocol";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useChat } from "../session/chat-context.js";
import { type Silence, silenceOf } from "./may-post.js";

/** The longest wait that a timer takes. */
const WAIT_MS_MAX = 2_147_483_647;

/** What is known of a group; undefined until it was brought, and of a direct conversation. */
export function useGroup(conversationId: ConversationId): Group | undefined {
  const { client } = useChat();
  const subscribe = useCallback((listener: () => void) => client.on("group", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.groups.find(conversationId));
}

/** Counts the changes of a group, its members and its requests: for what has to be asked for again. */
export function useGroupChanges(conversationId: ConversationId): number {
  const { client } = useChat();
  const [count, setCount] = useState(0);
  useEffect(
    () =>
      client.on("group", (event) => {
        if (event.conversationId === conversationId) setCount((before) => before + 1);
      }),
    [client, conversationId],
  );
  return count;
}

/** What keeps me from writing, drawn anew when it ends. */
export function useSilence(conversationId: ConversationId): Silence | undefined {
  const group = useGroup(conversationId);
  const [nowMs, setNowMs] = useState(() => Date.now());
  const silence = group && silenceOf(group, nowMs);
  const untilMs = silence?.kind === "muted" ? silence.untilMs : 0;
  useEffect(() => {
    const timer = setTimeout(
      () => setNowMs(Date.now()),
      Math.min(WAIT_MS_MAX, Math.max(0, untilMs - Date.now())),
    );
    return () => clearTimeout(timer);
  }, [untilMs, group]);
  return silence;
}
