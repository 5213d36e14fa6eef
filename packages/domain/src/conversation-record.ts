/**
 * Records of the conversation log: everything that changes a conversation. Time, ids and names are taken when the record
 * is made and travel in it. Stored for as long as the log keeps them: fields are only ever added.
 */
import {
  type ClientMessageId,
  type ConversationId,
  type DeviceId,
  type Infer,
  type MessageId,
  type TenantId,
  type UserId,
  Body,
  bool,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
} from "@parley/protocol";

export const CreateRecord = schema("CreateRecord", {
  creatorId: string<UserId>(1),
  isDirect: bool(2),
  title: string(3),
  /** Creator included. */
  userIds: strings<UserId>(4),
  isHistoryOpen: bool(5),
  messageId: string<MessageId>(6),
});

export const SendRecord = schema("SendRecord", {
  senderId: string<UserId>(1),
  deviceId: string<DeviceId>(2),
  /** Counts the sends of this device to this conversation from 1. */
  number: uint(3),
  clientMessageId: string<ClientMessageId>(4),
  messageId: string<MessageId>(5),
  body: nested(6, Body),
});

export const ReadRecord = schema("ReadRecord", {
  userId: string<UserId>(1),
  sequence: uint(2),
});

export const MembersRecord = schema("MembersRecord", {
  actorId: string<UserId>(1),
  userIds: strings<UserId>(2),
  isRemoval: bool(3),
  messageId: string<MessageId>(4),
});

export const HistoryItem = schema("HistoryItem", {
  senderId: string<UserId>(1),
  timeMs: uint(2),
  messageId: string<MessageId>(3),
  text: string(4),
});

/** Messages brought in from elsewhere. `index` is the number of messages brought in before, so that none comes twice. */
export const HistoryRecord = schema("HistoryRecord", {
  index: uint(1),
  items: list(2, HistoryItem),
  /** Tells the members that the conversation has grown: once, at the end. */
  isLast: bool(3),
});

/** Messages below `before` are no longer kept. */
export const TrimRecord = schema("TrimRecord", {
  before: uint(1),
});

/** No number of days that anybody waits for. */
export const DAYS_NEVER = 1_000_000;

/**
 * How long messages of this conversation are kept, and when they go to the cold store. In days; 0 is as the installation
 * says, DAYS_NEVER never.
 */
export const KeepingRecord = schema("KeepingRecord", {
  keepDays: uint(1),
  coldAfterDays: uint(2),
});

/** `limitMs` is what was allowed when the record was made; 0: without limit. */
export const EditRecord = schema("EditRecord", {
  actorId: string<UserId>(1),
  sequence: uint(2),
  body: nested(3, Body),
  limitMs: uint(4),
});

export const RecallRecord = schema("RecallRecord", {
  actorId: string<UserId>(1),
  sequence: uint(2),
  limitMs: uint(3),
});

/** Exactly one of the nested fields is set. */
export const ConversationRecord = schema("ConversationRecord", {
  tenantId: string<TenantId>(1),
  conversationId: string<ConversationId>(2),
  timeMs: uint(3),
  create: nested(4, CreateRecord),
  send: nested(5, SendRecord),
  read: nested(6, ReadRecord),
  members: nested(7, MembersRecord),
  history: nested(8, HistoryRecord),
  trim: nested(9, TrimRecord),
  keeping: nested(10, KeepingRecord),
  edit: nested(11, EditRecord),
  recall: nested(12, RecallRecord),
});
export type ConversationRecord = Infer<typeof ConversationRecord>;
