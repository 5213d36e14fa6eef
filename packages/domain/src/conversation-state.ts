/** The state that the conversation machine folds records into: the content of its rows, kept in memory. */
import type { UserId } from "@parley/protocol";
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
}

export function emptyConversation(key: ConversationKey): ConversationState {
  return { key, head: undefined, members: new Map(), senders: new Map() };
}

/** The sender of a send within its conversation. */
export function senderKey(userId: string, deviceId: string): string {
  return `${userId}/${deviceId}`;
}
