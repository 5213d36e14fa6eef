/** The sending side of one conversation: what is in flight, and what has to happen before more may go. */
import type { Timer } from "@parley/base";
import type { ClientMessageId, ConversationId, Message } from "@parley/protocol";
import type { Draft } from "./draft.js";
import { withSpan } from "./spans.js";
import type { OutboxItem } from "./store.js";

/** Kept while the conversation has something in flight or waits; forgotten with the connection. */
export interface Lane {
  readonly conversationId: ConversationId;
  readonly inFlight: Set<ClientMessageId>;
  /**
   * The first message that this store sends to the conversation is on its way, alone: a store that was lost has forgotten
   * that there were others, and what is behind it could be taken for them and be placed before it.
   */
  isFirst: boolean;
  /** Something was refused: nothing more goes until all in flight are answered and the numbers are right. */
  isSettling: boolean;
  /** One goes again as it is, and may have been accepted before: numbers stay as they are until it is answered. */
  hasUnknown: boolean;
  /** The number that the server takes next, as far as a refusal told. */
  expected: number | undefined;
  waitMs: number;
  /** Refusals in a row, for the backoff. */
  attempt: number;
  timer: Timer | undefined;
}

export function createLane(conversationId: ConversationId): Lane {
  return {
    conversationId,
    inFlight: new Set(),
    isFirst: false,
    isSettling: false,
    hasUnknown: false,
    expected: undefined,
    waitMs: 0,
    attempt: 0,
    timer: undefined,
  };
}

export function isQueued(item: OutboxItem): boolean {
  return item.failureCode === "";
}

/** Numbers the queue of a conversation from `expected` on; false when it was numbered so already. */
export function renumber(draft: Draft, conversationId: ConversationId, expected: number): boolean {
  let number = expected;
  let hasChanged = false;
  for (const item of draft.outbox(conversationId).filter(isQueued)) {
    if (item.number !== number) {
      draft.putOutboxItem({ ...item, number });
      hasChanged = true;
    }
    number += 1;
  }
  if (draft.nextNumber(conversationId) !== number) draft.setNextNumber(conversationId, number);
  return hasChanged;
}

/** Stores a message of mine under the place that the server gave it; false when its place is not held then. */
export function place(draft: Draft, message: Message): boolean {
  const { conversationId, sequence } = message;
  draft.deleteOutboxItem(conversationId, message.clientMessageId);
  // When its event was faster, the message is there, or has been hidden since.
  const spans = draft.spans(conversationId);
  if (spans.some((span) => span.first <= sequence && sequence <= span.last)) return true;
  // A Rebase has stepped over its event, and maybe over one that hides it: what is there has to be asked.
  const entry = draft.entry(conversationId);
  if (sequence <= (entry?.lastSequence ?? 0)) return false;
  // In a large group I may have hidden it on another device, which is told over the queue.
  if (entry?.hiddenAhead.includes(sequence) === true) return false;
  // Or reacted to it, or got a part of its card: it is fetched with that when it comes.
  if (entry?.reactedAhead.includes(sequence) === true) return false;
  draft.putMessage(message);
  draft.setSpans(conversationId, withSpan(spans, { first: sequence, last: sequence }));
  return true;
}

/** A message of mine that the server made has its place: its event brings it. Whether it is still to come. */
export function awaitPlaced(draft: Draft, { conversationId, sequence, clientMessageId }: Message): boolean {
  draft.deleteOutboxItem(conversationId, clientMessageId);
  return sequence > (draft.entry(conversationId)?.lastSequence ?? 0);
}
