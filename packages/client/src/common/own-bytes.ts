/**
 * Bytes of what was decoded are views of the whole packet that it came in. What is kept has its own, or each of them would keep
 * a packet in memory, and a copy of it in the browser's database.
 */
import {
  type Body,
  type ConversationEntry,
  type Event,
  filled,
  type Message,
  Body as BodySchema,
} from "@parley/protocol";

/** The same body, or one with bytes of its own when it has any. */
export function ownBody(body: Body): Body {
  const { signal, custom, merged } = body;
  if (signal === undefined && custom === undefined && merged === undefined) return body;
  return filled(BodySchema, {
    ...body,
    signal: signal && { ...signal, payload: new Uint8Array(signal.payload) },
    custom: custom && { ...custom, payload: new Uint8Array(custom.payload) },
    merged: merged && {
      ...merged,
      items: merged.items.map((item) => ({ ...item, body: new Uint8Array(item.body) })),
    },
  });
}

export function ownMessage(message: Message): Message {
  if (message.body === undefined) return message;
  const body = ownBody(message.body);
  return body === message.body ? message : { ...message, body };
}

export function ownEvent(event: Event): Event {
  const { message, changed, advanced, module } = event;
  if (module !== undefined) return { ...event, module: { ...module, data: new Uint8Array(module.data) } };
  if (message !== undefined) return { ...event, message: ownMessage(message) };
  if (changed?.message !== undefined) return { ...event, changed: { message: ownMessage(changed.message) } };
  if (advanced?.lastMessage !== undefined)
    return { ...event, advanced: { ...advanced, lastMessage: ownMessage(advanced.lastMessage) } };
  return event;
}

export function ownEntry(entry: ConversationEntry): ConversationEntry {
  return entry.lastMessage === undefined ? entry : { ...entry, lastMessage: ownMessage(entry.lastMessage) };
}
