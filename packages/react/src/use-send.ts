/** Sending into one conversation. */
import type { PendingMessage } from "@parley/client";
import type { Body, ConversationId, Init } from "@parley/protocol";
import { useMemo } from "react";
import { useParley } from "./parley-provider.js";

/** What a component that writes needs; the same object while conversation and client are the same. */
export interface Sending {
  /** Puts a text into the outbox: it shows in the timeline at once, as pending. Errors: those of `ParleyClient.sendText`. */
  readonly sendText: (text: string) => Promise<PendingMessage>;
  /** Puts a body of any kind into the outbox. Errors: those of `ParleyClient.send`. */
  readonly send: (body: Init<Body>) => Promise<PendingMessage>;
  /** Tries a failed message again. */
  readonly retry: (clientMessageId: string) => Promise<void>;
  /** Takes a failed message out of the outbox. */
  readonly discard: (clientMessageId: string) => Promise<void>;
}

/** How to write into a conversation. */
export function useSend(conversationId: ConversationId): Sending {
  const client = useParley();
  return useMemo(
    () => ({
      sendText: (text) => client.sendText(conversationId, text),
      send: (body) => client.send(conversationId, body),
      retry: (clientMessageId) => client.retry(conversationId, clientMessageId),
      discard: (clientMessageId) => client.discard(conversationId, clientMessageId),
    }),
    [client, conversationId],
  );
}
