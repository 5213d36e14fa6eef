/** The rows that the conversation machine owns, all in the partition (tenant, conversation). */
import {
  type ClientMessageId,
  type ConversationId,
  type Infer,
  type MessageId,
  type TenantId,
  type UserId,
  bool,
  schema,
  string,
  uint,
} from "@parley/protocol";

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
});
export type HeadRow = Infer<typeof HeadRow>;

/** conversation-member, sort (user). */
export const MemberRow = schema("MemberRow", {
  role: string<Role>(1),
  firstVisible: uint(2),
  readSequence: uint(3),
  joinedMs: uint(4),
});
export type MemberRow = Infer<typeof MemberRow>;
export type Role = "owner" | "admin" | "member";

/** conversation-send, sort (user, device, number mod window): what became of a device's recent sends. */
export const SendRow = schema("SendRow", {
  number: uint(1),
  clientMessageId: string<ClientMessageId>(2),
  messageId: string<MessageId>(3),
  sequence: uint(4),
  timeMs: uint(5),
});
export type SendRow = Infer<typeof SendRow>;

/** The identity of a conversation, as every table key begins. */
export interface ConversationKey {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
}
