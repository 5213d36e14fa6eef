/** Who is there, and who is typing. */
import type { UserPresence } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import { useParley } from "./parley-provider.js";

/** How somebody is, who is watched while a component shows it. */
export function usePresence(userId: UserId): UserPresence {
  const client = useParley();
  useEffect(() => client.presence.watch([userId]), [client, userId]);
  const subscribe = useCallback(
    (listener: () => void) =>
      client.on("presence", ({ changed }) => {
        if (changed.includes(userId)) listener();
      }),
    [client, userId],
  );
  const read = useCallback(() => client.presence.of(userId), [client, userId]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Others who are typing in a conversation; the same array until it changes. */
export function useTypists(conversationId: ConversationId): readonly UserId[] {
  const client = useParley();
  const subscribe = useCallback(
    (listener: () => void) =>
      client.on("typing", (event) => {
        if (event.conversationId === conversationId) listener();
      }),
    [client, conversationId],
  );
  const read = useCallback(() => client.presence.typists(conversationId), [client, conversationId]);
  return useSyncExternalStore(subscribe, read, read);
}
