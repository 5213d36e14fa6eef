/** Who is there, and who types, as the client knows it; whom a component shows is watched for as long as it does. */
import type { UserPresence } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import { useChat } from "../session/chat-context.js";

const NOBODY: UserPresence = { state: "unknown", sinceMs: 0 };

/** How somebody is; without a `userId`: as somebody of whom nothing is known. */
export function usePresence(userId: UserId | undefined): UserPresence {
  const { client } = useChat();
  const { presence } = client;
  useEffect(() => (userId === undefined ? undefined : presence.watch([userId])), [presence, userId]);
  const subscribe = useCallback(
    (listener: () => void) =>
      client.on("presence", ({ changed }) => {
        if (userId !== undefined && changed.includes(userId)) listener();
      }),
    [client, userId],
  );
  return useSyncExternalStore(subscribe, () => (userId === undefined ? NOBODY : presence.of(userId)));
}

/** Others who type in a conversation. */
export function useTypists(conversationId: ConversationId): readonly UserId[] {
  const { client } = useChat();
  const subscribe = useCallback(
    (listener: () => void) =>
      client.on("typing", (event) => {
        if (event.conversationId === conversationId) listener();
      }),
    [client, conversationId],
  );
  return useSyncExternalStore(subscribe, () => client.presence.typists(conversationId));
}
