/** Which of two messages in one place is the newer one, and what is known of both together. */
import { type Card, type Message, type Reactions, newerPart, newerReactions } from "@parley/protocol";

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

/**
 * What is held after `message` came: what it says when it is not older, and the newer of both reactions and parts of cards, which
 * messages in events are without. The same object as `held` when nothing changes.
 */
export function merged(held: Message | undefined, message: Message): Message {
  if (held === undefined || held.messageId !== message.messageId) return message;
  const newest = mayReplace(held, message) ? message : held;
  const reacted = withReactions(newest, newerReactions(held.reactions, message.reactions));
  return withCardPart(reacted, newerPart(held.cardPart, message.cardPart));
}

/** The message with what is newer of its reactions; a recalled one has none. */
export function withReactions(message: Message, reactions: Reactions | undefined): Message {
  if (message.recall !== undefined) return message;
  const newer = newerReactions(message.reactions, reactions);
  return newer === message.reactions ? message : { ...message, reactions: newer };
}

/** The message with what is newer of my part of its card; a recalled one has none. */
export function withCardPart(message: Message, part: Card | undefined): Message {
  if (message.recall !== undefined) return message;
  const newer = newerPart(message.cardPart, part);
  return newer === message.cardPart ? message : { ...message, cardPart: newer };
}

/** Whether two states of a message are the same to look at. */
export function isSameState(one: Message, other: Message | undefined): boolean {
  return (
    one.messageId === other?.messageId &&
    one.revision === other.revision &&
    one.reactions?.revision === other.reactions?.revision &&
    one.reactions?.mineRevision === other.reactions?.mineRevision &&
    one.cardPart?.revision === other.cardPart?.revision
  );
}

/** What was stored before there were revisions has none. */
function revisionOf(message: Partial<Pick<Message, "revision">>): number {
  return message.revision ?? 0;
}
