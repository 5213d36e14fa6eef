/** What the planted bugs of reactions do to records and messages. */
import { ConversationRecord, UserRecord } from "@parley/domain";
import { Event, type Message, type UserId, conversationOf, decode, encode } from "@parley/protocol";

/** Whether this spread is of a conversation in which this process has not marked anything; notes what it marks. */
export function isForgotten(payload: Uint8Array, marked: Set<string>): boolean {
  const { conversationId, react, spread } = decode(ConversationRecord, payload);
  if (react !== undefined) marked.add(conversationId);
  return spread !== undefined && !marked.has(conversationId);
}

/** A record that does nothing instead of telling what waits. */
export function withoutSpread(payload: Uint8Array): Uint8Array {
  return encode(ConversationRecord, { ...decode(ConversationRecord, payload), spread: undefined });
}

/** A record of the user log in which reactions and pins go to all who got a message of the conversation. */
export function withStatesForAll(payload: Uint8Array, receivers: Map<string, Set<UserId>>): Uint8Array {
  const record = decode(UserRecord, payload);
  const spreads = record.spreads.map((spread) => {
    const event = decode(Event, spread.event);
    const conversationId = conversationOf(event);
    if (conversationId === undefined) return spread;
    const known = receivers.get(conversationId) ?? new Set();
    receivers.set(conversationId, known);
    if (event.message !== undefined) for (const userId of spread.userIds) known.add(userId);
    // A summary for all, and not what is told to its giver alone.
    const isForAll = (event.reactions?.reactions?.mineRevision ?? 1) === 0 || event.pinned !== undefined;
    return isForAll ? { ...spread, userIds: [...new Set([...spread.userIds, ...known])] } : spread;
  });
  return encode(UserRecord, { ...record, spreads });
}

export function withoutMine(message: Message): Message {
  const { reactions } = message;
  return reactions === undefined
    ? message
    : { ...message, reactions: { ...reactions, mine: [], mineRevision: 0 } };
}
