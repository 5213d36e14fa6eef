/**
 * Who is there, and who is typing: told as it is now, kept nowhere, and not part of any queue. `docs/protocol/presence.md` tells how the
 * frames go together.
 */
import { type Infer, bool, list, schema, string, strings, uint } from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";

/** online: at a device · away: a device is connected, and nobody at it · offline: no device is connected. */
export const PRESENCE_STATES = ["online", "away", "offline"] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];

export const PersonPresence = schema("PersonPresence", {
  userId: string<UserId>(1),
  /** One of PRESENCE_STATES. */
  state: string(2),
  /** Since when somebody is away or offline, by the server's clock; 0: not known, or online. */
  sinceMs: uint(3),
});
export type PersonPresence = Infer<typeof PersonPresence>;

/**
 * From now on this connection is told when these people come and go, and nobody else: at most PRESENCE_WATCHED_MAX. Answered by Presence
 * with all of them. It ends with the connection.
 */
export const WatchPresence = schema("WatchPresence", {
  requestId: uint(1),
  userIds: strings<UserId>(2),
});

/** The answer; with the request id 0 what has changed since. Somebody whom the server does not know is offline. */
export const Presence = schema("Presence", {
  requestId: uint(1),
  people: list(2, PersonPresence),
});

/** Whether somebody is at this device. A connection begins as one where somebody is. */
export const SetActive = schema("SetActive", {
  requestId: uint(1),
  isActive: bool(2),
});

/** I am typing in a conversation: those who are in it are told, if it has at most TYPING_MEMBERS_MAX members. */
export const Typing = schema("Typing", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
});

/** Somebody types; it holds for some seconds, or until a message of that person comes. */
export const SomeoneTypes = schema("SomeoneTypes", {
  conversationId: string<ConversationId>(1),
  userId: string<UserId>(2),
});
