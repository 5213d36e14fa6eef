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

/** Who took a message back, and when. */
export const Recall = schema("Recall", {
  actorId: string<UserId>(1),
  timeMs: uint(2),
});
export type Recall = Infer<typeof Recall>;

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
  /** 0 as it was sent; grows by 1 with every change that all see. Of two with one id the higher revision is the message. */
  revision: uint(9),
  /** Server time of the last edit; 0: it was never edited. */
  editedMs: uint(10),
  /** Set when it was taken back: then there is no body. */
  recall: nested(11, Recall),
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

/** A message was edited or recalled: the whole of it, as it is now. Whoever does not hold it leaves it out. */
export const ChangedEvent = schema("ChangedEvent", {
  message: nested(1, Message),
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
  changed: nested(8, ChangedEvent),
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

/** What a message said before an edit. */
export const Edit = schema("Edit", {
  /** The message had this body from this revision on. */
  revision: uint(1),
  body: nested(2, Body),
  /** When it was edited to this; 0: it was sent so. */
  editedMs: uint(3),
});
export type Edit = Infer<typeof Edit>;

export const EventList = schema("EventList", { events: list(1, Event) });
