/** The rows that the conversation machine owns, all in the partition (tenant, conversation). */
import {
  type ClientMessageId,
  type ConversationId,
  type Infer,
  type MessageId,
  type TenantId,
  type UserId,
  MemberField,
  ReactionCount,
  bool,
  bytes,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
  uints,
} from "@parley/protocol";
import { GroupRow } from "./group-rows.js";

/** One of the newest countable messages, and how many of the members who see it have read it; the sender is not counted. */
export const RecentMessage = schema("RecentMessage", {
  sequence: uint(1),
  senderId: string<UserId>(2),
  read: uint(3),
  unread: uint(4),
  /** The sender was not told of these counts yet. */
  isChanged: bool(5),
});
export type RecentMessage = Infer<typeof RecentMessage>;

/** Reading, as far as senders are told of it. */
export const Reading = schema("Reading", {
  /** Grows by 1 with every change of a count. */
  revision: uint(1),
  /** When senders were last told. */
  spreadMs: uint(2),
  /** A sender was not told of a count yet. */
  isMarked: bool(3),
});

/** Set once there was a reaction. */
export const Reacting = schema("Reacting", {
  /** Messages with reactions that were not told yet. */
  unspread: uints(1),
});

/** Set once an update of a card waited to be told. */
export const Carding = schema("Carding", {
  /** Cards that were updated and not told yet. */
  unspread: uints(1),
});

export const Pinning = schema("Pinning", {
  revision: uint(1),
  /** Pinned messages, ascending. */
  sequences: uints(2),
});

/** conversation-head, sort (): the conversation itself and the offset that its rows contain. */
export const HeadRow = schema("HeadRow", {
  /** Offset of the last applied record, plus one; so that 0 means none. */
  applied: uint(1),
  isDirect: bool(2),
  title: string(3),
  creatorId: string<UserId>(4),
  createdMs: uint(5),
  isHistoryOpen: bool(6),
  lastSequence: uint(7),
  lastTimeMs: uint(8),
  memberCount: uint(9),
  /** Messages brought in by imports. */
  importedCount: uint(10),
  /** Messages below are no longer kept. 0: all are. */
  firstKept: uint(11),
  /** As in KeepingRecord. */
  keepDays: uint(12),
  coldAfterDays: uint(13),
  /** A large group, for ever: what its members are told goes into its topic. */
  isShared: bool(14),
  /** The last PTS given in the topic. */
  topicPts: uint(15),
  /** The member that is a system account: nothing goes into its queue, its state is in its conversations alone. */
  systemId: string<UserId>(32),
  /** Ascending, at most READS_TOLD_MAX. */
  recent: list(16, RecentMessage),
  reading: nested(17, Reading),
  reacting: nested(18, Reacting),
  pinning: nested(19, Pinning),
  carding: nested(22, Carding),
  /** Undefined in groups made before there were settings, and in direct conversations. */
  group: nested(20, GroupRow),
});
export type HeadRow = Infer<typeof HeadRow>;

/** conversation-member, sort (user). */
export const MemberRow = schema("MemberRow", {
  role: string<Role>(1),
  firstVisible: uint(2),
  readSequence: uint(3),
  joinedMs: uint(4),
  nickname: string(5),
  mutedUntilMs: uint(6),
  fields: list(7, MemberField),
  /** `membersRevision` of the group when what others see of this member last changed. */
  revision: uint(8),
  scenarioRole: string(9),
});
export type MemberRow = Infer<typeof MemberRow>;
export type Role = "owner" | "admin" | "member";

/** conversation-event, sort (PTS in the topic): one event for all members of a large group. */
export const TopicRow = schema("TopicRow", {
  /** The message that it is about: who may not see it gets an empty event in its place. 0: for everybody. */
  sequence: uint(1),
  /** An encoded Event. */
  event: bytes(2),
  /** Of a directed message: who sees it. All others get what stands instead, which is nothing when it is a change. */
  senderId: string<UserId>(3),
  audience: strings<UserId>(4),
  instead: bytes(5),
});
export type TopicRow = Infer<typeof TopicRow>;

/** conversation-send, sort (user, device, number mod window): what became of a device's recent sends. */
export const SendRow = schema("SendRow", {
  number: uint(1),
  clientMessageId: string<ClientMessageId>(2),
  messageId: string<MessageId>(3),
  sequence: uint(4),
  timeMs: uint(5),
});
export type SendRow = Infer<typeof SendRow>;

/** conversation-reaction-sum, sort (sequence): what all gave a message. */
export const ReactionSumRow = schema("ReactionSumRow", {
  revision: uint(1),
  items: list(2, ReactionCount),
  /** When the members were last told. */
  spreadMs: uint(3),
});
export type ReactionSumRow = Infer<typeof ReactionSumRow>;

/** conversation-reaction, sort (sequence, user): what one user gave a message. Stays when all was taken back. */
export const ReactionRow = schema("ReactionRow", {
  keys: strings(1),
  /** The revision of the summary with which they became so. */
  revision: uint(2),
});
export type ReactionRow = Infer<typeof ReactionRow>;

/** conversation-pin, sort (sequence). */
export const PinRow = schema("PinRow", {
  actorId: string<UserId>(1),
  timeMs: uint(2),
});
export type PinRow = Infer<typeof PinRow>;

/** conversation-card, sort (sequence): of a card that was updated or acted on, what its message does not say. */
export const CardRow = schema("CardRow", {
  /** When the part that all see was last told. */
  spreadMs: uint(1),
  /** The number of the last action. */
  actions: uint(2),
});
export type CardRow = Infer<typeof CardRow>;

/** The identity of a conversation, as every table key begins. */
export interface ConversationKey {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
}
