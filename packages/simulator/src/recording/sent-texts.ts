/** What became of the texts that were given to a device, as its store says. */
import type { Change } from "@parley/client";
import { type ConversationId, plainText } from "@parley/protocol";

export interface SentText {
  readonly conversationId: ConversationId;
  readonly clientMessageId: string;
  /** In plain words. */
  readonly text: string;
  /** The server makes it: what it says is not known here. */
  readonly isForward: boolean;
  /** "kept": in the store for good; "placed": removed from it because the server has it. */
  state: "given" | "kept" | "placed" | "failed" | "lost";
}

/** Follows a durable commit of the device's store; `sent` is by client message id. */
export function followSent(sent: Map<string, SentText>, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === "put-outbox") {
      const { conversationId, clientMessageId, body, forward, failureCode: code } = change.item;
      const state = code === "" ? "kept" : "failed";
      const known = sent.get(clientMessageId);
      if (known !== undefined) known.state = state;
      else {
        const isForward = forward !== undefined;
        sent.set(clientMessageId, {
          conversationId,
          clientMessageId,
          text: plainText(body),
          isForward,
          state,
        });
      }
    } else if (change.kind === "delete-outbox") {
      const known = sent.get(change.clientMessageId);
      if (known !== undefined) known.state = "placed";
    }
  }
}
