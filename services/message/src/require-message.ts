import type { MessageRequest, Session } from "@parley/contracts";
import type { Message } from "@parley/protocol";
import type { HistoryReader, View } from "./history.js";
import { badRequest, refusal } from "./refusal.js";

/** A message that this user sees now. Errors: "bad-request", "not-a-member", "message-unknown". */
export async function requireMessage(
  history: Pick<HistoryReader, "authorize" | "messagesOf">,
  session: Session,
  { conversationId, sequence }: MessageRequest,
): Promise<{ readonly view: View; readonly message: Message }> {
  if (sequence < 1) throw badRequest("A message is named by its sequence, from 1 on.");
  const view = await history.authorize(session, conversationId);
  const [message] = await history.messagesOf(session, view, [sequence]);
  if (message === undefined) throw refusal({ kind: "refused", code: "message-unknown" });
  return { view, message };
}
