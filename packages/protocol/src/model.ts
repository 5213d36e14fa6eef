/** What is talked about: messages, conversations and the events that change them on a device. */
import { type Infer, bool, list, nested, schema, string, strings, uint, uints } from "./codec/schema.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "./ids.js";

export const TextBody = schema("TextBody", {
  text: string(1),
});

/** Something the system says: `code` is "created", "joined", "left", "removed" or "renamed"; clients word it. */
export const NoticeBody = schema("NoticeBody", {
  code: string(1),
  actorId: string<UserId>(2),
  userIds: strings<UserId>(3),
  text: string(4),
});

/** Exactly one field is set. A client that knows none of them shows that it cannot show the message. */
export const Body = schema("Body", {
  text: nested(1, TextBody),
  notice: nested(2, NoticeBody),
});
export type Body = Infer<typeof Body>;

export const Message = schema("Message", {
  conversationId: string<ConversationId>(1),
  /** The place in the conversation: 1, 2, 3 … without a hole. */
  sequence: uint(2),
  messageId: string<MessageId>(3),
  senderId: string<UserId>(4),
  clientMessageId: string<ClientMessageId>(5),
  /** Server time; never goes back within a conversation. */
  timeMs: uint(6),
  body: nested(7, Body),
  /** False for notices and imported history: they never count as unread. */
  isCountable: bool(8),
});
export type Message = Infer<typeof Message>;

/**
 * A conversation as one user's list shows it. `unreadRanges` holds pairs (first, last) of the sequences that count as
 * unread, ascending; `unread` is their number.
 */
export const ConversationEntry = schema("ConversationEntry", {
  conversationId: string<ConversationId>(1),
  title: string(2),
  /** Sequences below it cannot be seen by this user. */
  firstVisible: uint(3),
  lastSequence: uint(4),
  readSequence: uint(5),
  unread: uint(6),
  unreadRanges: uints(7),
  lastMessage: nested(8, Message),
  isMember: bool(9),
  updatedMs: uint(10),
});
export type ConversationEntry = Infer<typeof ConversationEntry>;

/** My own reading moved, here or on another of my devices. */
export const ReadEvent = schema("ReadEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
});

/** I deleted messages for myself. */
export const HiddenEvent = schema("HiddenEvent", {
  conversationId: string<ConversationId>(1),
  sequences: uints(2),
});

/** I became a member. */
export const JoinedEvent = schema("JoinedEvent", {
  conversationId: string<ConversationId>(1),
  title: string(2),
  firstVisible: uint(3),
  lastSequence: uint(4),
  timeMs: uint(5),
});

/** I am no longer a member: nothing newer will come. */
export const LeftEvent = schema("LeftEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
});

/** The conversation grew without an event for each message, as after an import: fetch what is missing when needed. */
export const AdvancedEvent = schema("AdvancedEvent", {
  conversationId: string<ConversationId>(1),
  lastSequence: uint(2),
  lastMessage: nested(3, Message),
});

/** Messages below `firstVisible` are no longer kept for anybody: they go from every device too. */
export const TrimmedEvent = schema("TrimmedEvent", {
  conversationId: string<ConversationId>(1),
  firstVisible: uint(2),
});

/** What the message service puts into users' sync queues. Exactly one field is set; unknown ones are skipped. */
export const Event = schema("Event", {
  message: nested(1, Message),
  read: nested(2, ReadEvent),
  hidden: nested(3, HiddenEvent),
  joined: nested(4, JoinedEvent),
  left: nested(5, LeftEvent),
  advanced: nested(6, AdvancedEvent),
  trimmed: nested(7, TrimmedEvent),
});
export type Event = Infer<typeof Event>;

export const Member = schema("Member", {
  userId: string<UserId>(1),
  /** "owner", "admin" or "member". */
  role: string(2),
});
export type Member = Infer<typeof Member>;

export const User = schema("User", {
  userId: string<UserId>(1),
  name: string(2),
});
export type User = Infer<typeof User>;

export const EventList = schema("EventList", { events: list(1, Event) });
