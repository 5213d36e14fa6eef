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
  GroupSettings,
  Member,
  MemberField,
  ModuleEvent,
  Scenario,
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
  /** With more members it is a large group. 0: never. */
  sharedFrom: uint(7),
  /** Of a direct conversation: the one of both that is a system account, if one is. */
  systemId: string<UserId>(30),
  /** Of a group; of `settings` the title and `isHistoryOpen` stand above. */
  settings: nested(16, GroupSettings),
  scenario: nested(17, Scenario),
});

export const SendRecord = schema("SendRecord", {
  senderId: string<UserId>(1),
  deviceId: string<DeviceId>(2),
  /** Counts the sends of this device to this conversation from 1. */
  number: uint(3),
  clientMessageId: string<ClientMessageId>(4),
  messageId: string<MessageId>(5),
  /** Missing: what was to be sent cannot be made any more; the answer is that of the first time, if there was one. */
  body: nested(6, Body),
  /** Directed to these members alone; empty: to all. */
  audience: strings<UserId>(7),
});

export const ReadRecord = schema("ReadRecord", {
  userId: string<UserId>(1),
  sequence: uint(2),
  /** How long what it changes may wait to be told with more. 0: not at all. */
  windowMs: uint(3),
});

export const MembersRecord = schema("MembersRecord", {
  actorId: string<UserId>(1),
  userIds: strings<UserId>(2),
  isRemoval: bool(3),
  messageId: string<MessageId>(4),
  /** As in CreateRecord. */
  sharedFrom: uint(5),
  scenarioRole: string(16),
  fields: list(17, MemberField),
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
  /** The review of contents takes it back: no member asks, and `actorId` is its name. */
  isReview: bool(9),
});

/** Sets what `names` names of the group. */
export const GroupRecord = schema("GroupRecord", {
  actorId: string<UserId>(1),
  names: strings(2),
  settings: nested(3, GroupSettings),
  /** The version of its scenario that it is updated to. */
  scenario: nested(4, Scenario),
  messageId: string<MessageId>(5),
});

/** Sets what `names` names of one member. */
export const MemberRecord = schema("MemberRecord", {
  actorId: string<UserId>(1),
  names: strings(2),
  member: nested(3, Member),
  messageId: string<MessageId>(4),
});

export const JoinRecord = schema("JoinRecord", {
  userId: string<UserId>(1),
  text: string(2),
  scenarioRole: string(3),
  fields: list(4, MemberField),
  messageId: string<MessageId>(5),
  /** As in CreateRecord. */
  sharedFrom: uint(6),
});

export const AnswerJoinRecord = schema("AnswerJoinRecord", {
  actorId: string<UserId>(1),
  userIds: strings<UserId>(2),
  isAccepted: bool(3),
  messageId: string<MessageId>(4),
  /** As in CreateRecord. */
  sharedFrom: uint(5),
});

export const DissolveRecord = schema("DissolveRecord", {
  actorId: string<UserId>(1),
  messageId: string<MessageId>(2),
});

/** `windowMs` as in ReadRecord. */
export const ReactRecord = schema("ReactRecord", {
  actorId: string<UserId>(1),
  sequence: uint(2),
  key: string(3),
  isRemoval: bool(4),
  windowMs: uint(5),
});

export const PinRecord = schema("PinRecord", {
  actorId: string<UserId>(1),
  sequence: uint(2),
  isRemoval: bool(3),
});

/** Replaces the part of a card that all see, or with `userId` that of one user. `windowMs` as in ReadRecord. */
export const CardUpdateRecord = schema("CardUpdateRecord", {
  actorId: string<UserId>(1),
  sequence: uint(2),
  userId: string<UserId>(3),
  /** Empty with a user: the part is taken away. */
  content: string(4),
  revision: uint(5),
  windowMs: uint(6),
});

export const CardActionRecord = schema("CardActionRecord", {
  userId: string<UserId>(1),
  sequence: uint(2),
  actionId: string(3),
  verb: string(4),
  data: string(5),
  /** Of the content that was looked at. */
  revision: uint(6),
});

/** What waits to be told is told now. */
export const SpreadRecord = schema("SpreadRecord", {});

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
  react: nested(13, ReactRecord),
  pin: nested(14, PinRecord),
  spread: nested(15, SpreadRecord),
  group: nested(16, GroupRecord),
  member: nested(17, MemberRecord),
  join: nested(18, JoinRecord),
  answerJoin: nested(19, AnswerJoinRecord),
  dissolve: nested(20, DissolveRecord),
  cardUpdate: nested(22, CardUpdateRecord),
  cardAction: nested(23, CardActionRecord),
  /** An event of a module for all members, without time and conversation: the record has them. */
  module: nested(24, ModuleEvent),
});
export type ConversationRecord = Infer<typeof ConversationRecord>;

/** What a record does: one of the fields is set. */
export type ConversationChange = Partial<Omit<ConversationRecord, "tenantId" | "conversationId" | "timeMs">>;

/** The record of a change of one conversation. */
export function conversationRecord(
  { tenantId, conversationId }: Pick<ConversationRecord, "tenantId" | "conversationId">,
  timeMs: number,
  change: ConversationChange,
): ConversationRecord {
  // Name by name: spreading costs as much as encoding the record.
  return {
    tenantId,
    conversationId,
    timeMs,
    create: change.create,
    send: change.send,
    read: change.read,
    members: change.members,
    history: change.history,
    trim: change.trim,
    keeping: change.keeping,
    edit: change.edit,
    recall: change.recall,
    react: change.react,
    pin: change.pin,
    spread: change.spread,
    group: change.group,
    member: change.member,
    join: change.join,
    answerJoin: change.answerJoin,
    dissolve: change.dissolve,
    cardUpdate: change.cardUpdate,
    cardAction: change.cardAction,
    module: change.module,
  };
}
