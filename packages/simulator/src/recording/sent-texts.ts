/** What became of the texts that were given to a device, as its store says. */
import type { Change } from "@parley/client";
import type { ConversationId } from "@parley/protocol";

export interface SentText {
  readonly conversationId: ConversationId;
  readonly clientMessageId: string;
  readonly text: string;
  /** "kept": in the store for good; "placed": removed from it because the server has it. */
  state: "given" | "kept" | "placed" | "failed" | "lost";
}

/** Follows a durable commit of the device's store; `sent` is by client message id. */
export function followSent(sent: Map<string, SentText>, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === "put-outbox") {
      const { conversationId, clientMessageId, body, failureCode: code } = change.item;
      const state = code === "" ? "kept" : "failed";
      const known = sent.get(clientMessageId);
      if (known !== undefined) known.state = state;
      else {
        const text = body.text?.text ?? "";
        sent.set(clientMessageId, { conversationId, clientMessageId, text, state });
      }
    } else if (change.kind === "delete-outbox") {
      const known = sent.get(change.clientMessageId);
      if (known !== undefined) known.state = "placed";
    }
  }
}
