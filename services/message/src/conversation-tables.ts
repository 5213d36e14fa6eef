/** The tables of the message service. All share the partition key (tenant, conversation). */
import type { ConversationKey } from "@parley/domain";
import type { Key, TableSpec } from "@parley/tables";

/** Sort (): HeadRow. */
export const CONVERSATION_HEAD: TableSpec = { name: "conversation-head", keyOwner: "conversation" };
/** Sort (user): MemberRow. */
export const CONVERSATION_MEMBER: TableSpec = { name: "conversation-member", keyOwner: "conversation" };
/** Sort (sequence): Message, one copy for everyone. */
export const CONVERSATION_MESSAGE: TableSpec = {
  name: "conversation-message",
  isPacked: true,
  keyOwner: "conversation",
};
/** Sort (user, device, number mod SENDS_IN_FLIGHT_MAX): SendRow. */
export const CONVERSATION_SEND: TableSpec = { name: "conversation-send", keyOwner: "conversation" };

export function conversationPartition(key: ConversationKey): Key {
  return [key.tenantId, key.conversationId];
}
