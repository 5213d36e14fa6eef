/** The tables of the message service. All share the partition key (tenant, conversation). */
import type { ConversationKey } from "@parley/domain";
import { Message, decode, directUsers } from "@parley/protocol";
import type { IndexSpec, Key, TableSpec } from "@parley/tables";

/** Sort (): HeadRow. */
export const CONVERSATION_HEAD: TableSpec = { name: "conversation-head", keyOwner: "conversation" };
/** Sort (user): MemberRow. */
export const CONVERSATION_MEMBER: TableSpec = { name: "conversation-member", keyOwner: "conversation" };
/**
 * What each member of a group wrote, newest last: key (sender), nothing included. Notices are left out, and direct
 * conversations too, where half of all would be found.
 */
export const BY_SENDER: IndexSpec = {
  name: "sender",
  version: 1,
  keyParts: 1,
  isKeysOnly: true,
  entriesOf({ value }) {
    const { conversationId, senderId, body } = decode(Message, value);
    const isFound = directUsers(conversationId) === undefined && body?.notice === undefined;
    return isFound ? [{ key: [senderId] }] : [];
  },
};

/** Sort (sequence): Message, one copy for everyone. */
export const CONVERSATION_MESSAGE: TableSpec = {
  name: "conversation-message",
  isPacked: true,
  timeOf: (value) => decode(Message, value).timeMs,
  keyOwner: "conversation",
  indexes: [BY_SENDER],
};
/** Sort (user, device, number mod SENDS_IN_FLIGHT_MAX): SendRow. */
export const CONVERSATION_SEND: TableSpec = { name: "conversation-send", keyOwner: "conversation" };
/** Sort (sequence, revision): Edit, what a message said from this revision on. What it says now is the message. */
export const CONVERSATION_EDIT: TableSpec = { name: "conversation-edit", keyOwner: "conversation" };

export function conversationPartition(key: ConversationKey): Key {
  return [key.tenantId, key.conversationId];
}
