import type { ConversationId } from "@parley/protocol";
import { useCallback, useState, useSyncExternalStore } from "react";
import { type Address, addressOfHash, hashOf } from "./route.js";

export interface Route {
  readonly open: Address | undefined;
  /** Grows with every call of `go`: one may go to the same message again. */
  readonly visit: number;
  readonly go: (conversationId: ConversationId | undefined, sequence?: number) => void;
}

/** What is open, as the address has it. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [visit, setVisit] = useState(0);
  const go = useCallback((conversationId: ConversationId | undefined, sequence?: number) => {
    location.hash = conversationId === undefined ? "#/" : hashOf(conversationId, sequence);
    setVisit((before) => before + 1);
  }, []);
  return { open: addressOfHash(hash), visit, go };
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}
