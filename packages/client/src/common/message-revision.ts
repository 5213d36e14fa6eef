/** Which of two messages in one place is the newer one. */
import type { Message } from "@parley/protocol";

/** Whether `held` may be replaced by what an event or an answer brings; another id is another message. */
export function mayReplace(held: Message | undefined, message: Message): boolean {
  return (
    held === undefined || held.messageId !== message.messageId || revisionOf(held) <= revisionOf(message)
  );
}

/** Whether `message` is a later state of `held`. */
export function isLater(held: Message | undefined, message: Message): boolean {
  return held !== undefined && held.messageId === message.messageId && revisionOf(held) < revisionOf(message);
}

/** What was stored before there were revisions has none. */
function revisionOf(message: Partial<Pick<Message, "revision">>): number {
  return message.revision ?? 0;
}
