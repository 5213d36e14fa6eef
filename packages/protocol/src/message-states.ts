/** What people add to messages without changing them: reactions, pins, and how many have read one. */
import { type Infer, bool, list, nested, schema, string, strings, uint, uints } from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";

/** One reaction of a message and how many gave it. */
export const ReactionCount = schema("ReactionCount", {
  key: string(1),
  count: uint(2),
  /** Who gave it, the earliest ones only: at most REACTION_USERS_SHOWN_MAX. */
  userIds: strings<UserId>(3),
});
export type ReactionCount = Infer<typeof ReactionCount>;

/**
 * The reactions of a message. Of two the higher `revision` tells what all gave, and the higher `mineRevision`, also of
 * another summary, what I gave.
 */
export const Reactions = schema("Reactions", {
  /** Grows by 1 with every change. */
  revision: uint(1),
  /** In the order in which they were first given. */
  items: list(2, ReactionCount),
  mine: strings(3),
  /** The revision with which `mine` became so; 0: nothing is said about me. */
  mineRevision: uint(4),
});
export type Reactions = Infer<typeof Reactions>;

/** The reactions of a message as they are now, some changes after the last event. */
export const ReactionsEvent = schema("ReactionsEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  reactions: nested(3, Reactions),
});

/** A message was pinned, or is no longer. */
export const PinnedEvent = schema("PinnedEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  isPinned: bool(3),
  actorId: string<UserId>(4),
  timeMs: uint(5),
  /** Of the pins of the conversation: grows by 1 with every change. */
  revision: uint(6),
});

/** How many have read a message and how many have not; its sender is not counted. */
export const ReadCount = schema("ReadCount", {
  sequence: uint(1),
  read: uint(2),
  unread: uint(3),
});
export type ReadCount = Infer<typeof ReadCount>;

/** How far messages of mine were read. Of two counts of one message the one with the higher `revision` is right. */
export const ReadersEvent = schema("ReadersEvent", {
  conversationId: string<ConversationId>(1),
  revision: uint(2),
  counts: list(3, ReadCount),
});

/** Gives a message a reaction, or takes it back. Answered by Done when it is durable; done twice it is done. */
export const React = schema("React", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  key: string(4),
  isRemoval: bool(5),
});

/** Asks who gave which reactions, by user id; `key` set: only this one. */
export const GetReactions = schema("GetReactions", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  key: string(4),
  after: string<UserId>(5),
  limit: uint(6),
});
export const UserReactions = schema("UserReactions", {
  userId: string<UserId>(1),
  keys: strings(2),
});
export type UserReactions = Infer<typeof UserReactions>;
export const ReactionList = schema("ReactionList", {
  requestId: uint(1),
  items: list(2, UserReactions),
  /** Empty on the last page. */
  next: string<UserId>(3),
});

/** Pins a message, or takes its pin away. Answered by Done when it is durable; done twice it is done. */
export const PinMessage = schema("PinMessage", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  isRemoval: bool(4),
});

/** Asks for the pinned messages that this user may see, the newest message first, those before `before` when it is set. */
export const GetPins = schema("GetPins", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  before: uint(3),
});

/** Asks who has read a message, or who has not, by user id. */
export const GetReaders = schema("GetReaders", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  isUnread: bool(4),
  after: string<UserId>(5),
  limit: uint(6),
});
export const ReaderList = schema("ReaderList", {
  requestId: uint(1),
  userIds: strings<UserId>(2),
  read: uint(3),
  unread: uint(4),
  /** Empty on the last page. */
  next: string<UserId>(5),
  /** As in ReadersEvent. */
  revision: uint(6),
});

/** Asks how many have read each of these messages. */
export const GetReadCounts = schema("GetReadCounts", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequences: uints(3),
});
export const ReadCounts = schema("ReadCounts", {
  requestId: uint(1),
  /** Of those that this user may see, ascending. */
  counts: list(2, ReadCount),
  /** As in ReadersEvent. */
  revision: uint(3),
});

/** The newer of what two summaries say of one message's reactions. */
export function newerReactions(
  one: Reactions | undefined,
  other: Reactions | undefined,
): Reactions | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const all = other.revision >= one.revision ? other : one;
  const { mine, mineRevision } = other.mineRevision >= one.mineRevision ? other : one;
  if (all.mineRevision === mineRevision) return all;
  return { revision: all.revision, items: all.items, mine, mineRevision };
}
