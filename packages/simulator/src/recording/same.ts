/** Whether two messages, or two lists of them, say the same: bytes may come as one kind of array or another. */
import { type Message, encode, Message as MessageSchema } from "@parley/protocol";

export function isSameMessage(one: Message | undefined, other: Message | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Buffer.compare(encode(MessageSchema, one), encode(MessageSchema, other)) === 0;
}

export function areSameMessages(some: readonly Message[], others: readonly Message[]): boolean {
  return (
    some.length === others.length && some.every((message, index) => isSameMessage(message, others[index]))
  );
}
