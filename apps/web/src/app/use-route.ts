import type { ConversationId } from "@parley/protocol";
import { useCallback, useSyncExternalStore } from "react";
import { conversationOfHash, hashOf } from "./route.js";

export interface Route {
  readonly open: ConversationId | undefined;
  readonly go: (conversationId: ConversationId | undefined) => void;
}

/** The open conversation as the address has it. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const go = useCallback((conversationId: ConversationId | undefined) => {
    location.hash = conversationId === undefined ? "#/" : hashOf(conversationId);
  }, []);
  return { open: conversationOfHash(hash), go };
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}
