/** The state that the conversation machine folds records into: the content of its rows, kept in memory. */
import type { Message, UserId } from "@parley/protocol";
import type { ConversationKey, HeadRow, MemberRow, SendRow } from "./conversation-rows.js";

/** The recent sends of one device to one conversation, by number. */
export interface SenderState {
  lastNumber: number;
  /** Index is number mod SENDS_IN_FLIGHT_MAX. */
  readonly recent: (SendRow | undefined)[];
}

export interface ConversationState {
  readonly key: ConversationKey;
  /** Undefined: the conversation does not exist. */
  head: HeadRow | undefined;
  /** Everybody who is a member now. */
  readonly members: Map<UserId, MemberRow>;
  /** Senders by `senderKey`; loaded before a send of theirs is applied. */
  readonly senders: Map<string, SenderState>;
  /** The message that an edit or a recall is about, by sequence; loaded before such a record is applied, and only for it. */
  readonly targets: Map<number, Message>;
}

export function emptyConversation(key: ConversationKey): ConversationState {
  return { key, head: undefined, members: new Map(), senders: new Map(), targets: new Map() };
}

/** The sender of a send within its conversation. */
export function senderKey(userId: string, deviceId: string): string {
  return `${userId}/${deviceId}`;
}
