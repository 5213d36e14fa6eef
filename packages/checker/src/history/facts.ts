/** What a history says of the protocol's events and messages. */
import {
  Body,
  type ConversationId,
  type Event,
  type Message,
  Event as EventSchema,
  Message as MessageSchema,
  conversationOf,
  encode,
} from "@parley/protocol";
import { contentOf } from "./content.js";
import type { Content, EventKind } from "./records.js";

export interface EventFacts {
  readonly kind: EventKind;
  /** Undefined for an event that is not known here. */
  readonly conversationId: ConversationId | undefined;
  readonly sequence: number;
  readonly sequences?: readonly number[];
  readonly content: Content;
}

/**
 * The content of a text as it was sent is `contentOf(text)`, so that the one who gives it to send can say it too. Each later
 * state of a message has another content, also when it says the same again.
 */
export function messageContent(message: Pick<Message, "body" | "revision" | "editedMs" | "recall">): Content {
  const { body, revision, editedMs, recall } = message;
  if (revision > 0) return contentOf(encode(MessageSchema, { body, revision, editedMs, recall }));
  return bodyContent(body);
}

/** The content of a message that was not changed since it was sent. */
export function bodyContent(body: Body | undefined): Content {
  return contentOf(body?.text?.text ?? encode(Body, body ?? {}));
}

export function eventFacts(event: Event): EventFacts {
  const conversationId = conversationOf(event);
  if (event.message !== undefined) {
    const { sequence } = event.message;
    return { kind: "message", conversationId, sequence, content: messageContent(event.message) };
  }
  const changed = event.changed?.message;
  if (changed !== undefined)
    return { kind: "changed", conversationId, sequence: changed.sequence, content: messageContent(changed) };
  // Of a module: whoever it is not for has an event without any field in its place.
  const content = contentOf(encode(EventSchema, event.module === undefined ? event : {}));
  if (event.hidden !== undefined)
    return { kind: "hidden", conversationId, sequence: 0, sequences: event.hidden.sequences, content };
  if (event.read !== undefined)
    return { kind: "read", conversationId, sequence: event.read.sequence, content };
  if (event.joined !== undefined)
    return { kind: "joined", conversationId, sequence: event.joined.lastSequence, content };
  if (event.left !== undefined)
    return { kind: "left", conversationId, sequence: event.left.sequence, content };
  if (event.advanced !== undefined)
    return { kind: "advanced", conversationId, sequence: event.advanced.lastSequence, content };
  if (event.voided !== undefined)
    return { kind: "voided", conversationId, sequence: event.voided.sequence, content };
  if (event.trimmed !== undefined)
    return { kind: "trimmed", conversationId, sequence: event.trimmed.firstVisible, content };
  const about = event.reactions ?? event.pinned ?? event.cardPart ?? event.cardAction;
  if (about !== undefined) return { kind: "state", conversationId, sequence: about.sequence, content };
  return { kind: "other", conversationId, sequence: 0, content };
}
