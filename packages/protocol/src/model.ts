/** What is talked about: messages, conversations and the events that change them on a device. */
import {
  type Infer,
  bool,
  filled,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
  uints,
} from "./codec/schema.js";
import { CustomBody, Forwarded, LocationBody, Mentions, MergedBody, Reply, SignalBody } from "./bodies.js";
import { Card, CardActionEvent, CardPartEvent } from "./cards.js";
import { GroupInfo, JoinRequest, Member } from "./group.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "./ids.js";
import { ModuleEvent } from "./module-events.js";
import { PinnedEvent, Reactions, ReactionsEvent, ReadersEvent } from "./message-states.js";
import { MediaBody } from "./media.js";
import { ListPinnedEvent } from "./list-pins.js";
import { NotifySettingsEvent } from "./notify.js";
import { RichBody } from "./rich-text.js";

export const TextBody = schema("TextBody", {
  text: string(1),
});

/**
 * Something the system says; clients word it. `code` is "created", "joined", "left", "removed", "renamed" (`text` is the title),
 * "notice-changed" (`text` is the notice), "muted", "unmuted" (of `userIds`; nobody: of all but the admins), "owner-changed",
 * "role-changed" (`text` is the role) or "dissolved".
 */
export const NoticeBody = schema("NoticeBody", {
  code: string(1),
  actorId: string<UserId>(2),
  userIds: strings<UserId>(3),
  text: string(4),
  /** Of "muted". */
  untilMs: uint(5),
});

/**
 * Exactly one field is set, besides those from 10 on, which may be added to it. A client that knows none of them shows that
 * it cannot show the message.
 */
export const Body = schema("Body", {
  text: nested(1, TextBody),
  notice: nested(2, NoticeBody),
  rich: nested(3, RichBody),
  media: nested(4, MediaBody),
  location: nested(5, LocationBody),
  merged: nested(6, MergedBody),
  card: nested(7, Card),
  signal: nested(8, SignalBody),
  custom: nested(9, CustomBody),
  reply: nested(10, Reply),
  mentions: nested(11, Mentions),
  forwarded: nested(12, Forwarded),
  /** Nobody is shown what the link leads to, because its author does not want it. */
  hidesPreview: bool(13),
});
export type Body = Infer<typeof Body>;

/** A message that says only this. */
export function textBody(text: string): Body {
  return filled(Body, { text: { text } });
}

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
  /** Directed: the sender and these see it, and nobody else. Empty: all do. */
  audience: strings<UserId>(12),
  /** Missing when nobody ever gave one, and once it was recalled. Messages in events and in the list are without. */
  reactions: nested(13, Reactions),
  /** Of a card: my own part. Set where `reactions` are; missing while I never had one. */
  cardPart: nested(14, Card),
});
export type Message = Infer<typeof Message>;

/** What is said of a message that nothing has changed since it was sent. */
export const AS_SENT = {
  revision: 0,
  editedMs: 0,
  recall: undefined,
  audience: [] as readonly UserId[],
  reactions: undefined,
  cardPart: undefined,
} as const satisfies Partial<Message>;

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
  /** A large group: what all its members are told comes over its topic, and not over each one's queue. */
  isShared: bool(11),
  /** Of a large group: the place in its topic that this entry contains. */
  topicPts: uint(12),
  /** The sequences among the unread ones that mention this user, ascending; beyond MENTIONS_UNREAD_MAX the newest. */
  unreadMentions: uints(13),
  /** Of a large group: what this user hid on another device, whose message has not come to this one yet. */
  hiddenAhead: uints(18),
  /** Of a large group: messages that I reacted to, on another device, or have a part of a card of, and that did not come yet. Servers leave it empty. */
  reactedAhead: uints(19),
  /** Those of the group that this entry has heard of: what is known of it with the same ones is still right. */
  groupRevision: uint(15),
  membersRevision: uint(16),
  /** A NotifyLevel; empty: it was never set, as "all", and of a large group as "mentions". */
  notifyLevel: string(20),
  /** Nothing is notified until then. */
  mutedUntilMs: uint(21),
  /** When I pinned it to the top of my list; 0: it is not. */
  pinnedMs: uint(22),
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
  /** As in ConversationEntry. */
  isShared: bool(6),
  topicPts: uint(7),
  groupRevision: uint(15),
  membersRevision: uint(16),
});

/** I am no longer a member: nothing newer will come. */
export const LeftEvent = schema("LeftEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  /** Of a large group: what the entry is from now on. */
  isShared: bool(3),
  title: string(4),
  firstVisible: uint(5),
  timeMs: uint(6),
});

/** The group has become a large one: from here on follow its topic, after `topicPts`. */
export const SharedEvent = schema("SharedEvent", {
  conversationId: string<ConversationId>(1),
  topicPts: uint(2),
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

/** A message was edited or recalled, or its card updated: the whole of it, as it is now. Whoever does not hold it leaves it out. */
export const ChangedEvent = schema("ChangedEvent", {
  message: nested(1, Message),
});

/** A message took this place that this user does not see: it is void here. */
export const VoidedEvent = schema("VoidedEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  timeMs: uint(3),
});

/** The group is as `info` says now; or, to its admins, who asks to join and whose question is answered. */
export const GroupEvent = schema("GroupEvent", {
  conversationId: string<ConversationId>(1),
  info: nested(2, GroupInfo),
  request: nested(3, JoinRequest),
  answered: strings<UserId>(4),
});

/** These members came or are as they are now, those left. `revision` is 1 above that of the change before. */
export const MembersEvent = schema("MembersEvent", {
  conversationId: string<ConversationId>(1),
  revision: uint(2),
  memberCount: uint(3),
  changed: list(4, Member),
  removed: strings<UserId>(5),
});

/** What is put into users' sync queues and topics. Exactly one field is set; unknown ones are skipped. */
export const Event = schema("Event", {
  message: nested(1, Message),
  read: nested(2, ReadEvent),
  hidden: nested(3, HiddenEvent),
  joined: nested(4, JoinedEvent),
  left: nested(5, LeftEvent),
  advanced: nested(6, AdvancedEvent),
  trimmed: nested(7, TrimmedEvent),
  changed: nested(8, ChangedEvent),
  voided: nested(9, VoidedEvent),
  reactions: nested(10, ReactionsEvent),
  pinned: nested(11, PinnedEvent),
  readers: nested(12, ReadersEvent),
  group: nested(13, GroupEvent),
  members: nested(14, MembersEvent),
  shared: nested(15, SharedEvent),
  cardPart: nested(16, CardPartEvent),
  cardAction: nested(17, CardActionEvent),
  module: nested(18, ModuleEvent),
  settings: nested(19, NotifySettingsEvent),
  listPinned: nested(20, ListPinnedEvent),
});
export type Event = Infer<typeof Event>;

export const User = schema("User", {
  userId: string<UserId>(1),
  name: string(2),
  /** An account of the organisation that talks to everybody, such as its news. */
  isSystem: bool(3),
  /** Of the picture; 0: there is none. */
  pictureVersion: uint(4),
  /** What somebody does: a job's name. */
  title: string(5),
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
