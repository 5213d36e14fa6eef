/** The tables of the message service. All share the partition key (tenant, conversation). */
import type { ConversationKey } from "@parley/domain";
import {
  type ConversationId,
  Mentions,
  Message,
  type UserId,
  decode,
  directUsers,
  nested,
  schema,
  string,
} from "@parley/protocol";
import type { IndexSpec, Key, TableSpec } from "@parley/tables";

/** Sort (): HeadRow. */
export const CONVERSATION_HEAD: TableSpec = { name: "conversation-head", keyOwner: "conversation" };
/** Sort (user): MemberRow. */
export const CONVERSATION_MEMBER: TableSpec = { name: "conversation-member", keyOwner: "conversation" };
/** Of a Message what the indexes look at: the rest is skipped, for they look at every message. */
const SenderOfMessage = schema("Message", {
  conversationId: string<ConversationId>(1),
  senderId: string<UserId>(4),
  body: nested(7, schema("Body", { notice: nested(2, schema("NoticeBody", {})) })),
});
const MentionsOfMessage = schema("Message", {
  body: nested(7, schema("Body", { mentions: nested(11, Mentions) })),
});

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
    const { conversationId, senderId, body } = decode(SenderOfMessage, value);
    const isFound = directUsers(conversationId) === undefined && body?.notice === undefined;
    return isFound ? [{ key: [senderId] }] : [];
  },
};

/** In the place of a user where all are mentioned; no user has this id. */
export const ALL_USERS = "*:all";

/** Which messages mention a user or all, newest last: key (user), or ALL_USERS; nothing included. */
export const BY_MENTION: IndexSpec = {
  name: "mention",
  version: 1,
  keyParts: 1,
  isKeysOnly: true,
  entriesOf({ value }) {
    const mentions = decode(MentionsOfMessage, value).body?.mentions;
    if (mentions === undefined) return [];
    const names: readonly string[] = mentions.isAll ? [...mentions.userIds, ALL_USERS] : mentions.userIds;
    return [...new Set(names)].map((name) => ({ key: [name] }));
  },
};

/** Sort (sequence): Message, one copy for everyone. */
export const CONVERSATION_MESSAGE: TableSpec = {
  name: "conversation-message",
  isPacked: true,
  timeOf: (value) => decode(Message, value).timeMs,
  keyOwner: "conversation",
  indexes: [BY_SENDER, BY_MENTION],
};
/** Sort (user, device, number mod SENDS_IN_FLIGHT_MAX): SendRow. */
export const CONVERSATION_SEND: TableSpec = { name: "conversation-send", keyOwner: "conversation" };
/** Sort (sequence, revision): Edit, what a message said from this revision on. What it says now is the message. */
export const CONVERSATION_EDIT: TableSpec = { name: "conversation-edit", keyOwner: "conversation" };

/** Sort (PTS): TopicRow, what all members of a large group are told. Kept for a number of days. */
export const CONVERSATION_EVENT: TableSpec = {
  name: "conversation-event",
  hasExpiry: true,
  isPacked: true,
  keyOwner: "conversation",
};
/** Sort (sequence): ReactionSumRow, what all gave a message. */
export const CONVERSATION_REACTION_SUM: TableSpec = {
  name: "conversation-reaction-sum",
  keyOwner: "conversation",
};
/** Sort (sequence, user): ReactionRow, what one user gave a message. */
export const CONVERSATION_REACTION: TableSpec = { name: "conversation-reaction", keyOwner: "conversation" };
/** Sort (sequence): PinRow. */
export const CONVERSATION_PIN: TableSpec = { name: "conversation-pin", keyOwner: "conversation" };
/** Sort (sequence): CardRow, of a card that was updated or acted on. */
export const CONVERSATION_CARD: TableSpec = { name: "conversation-card", keyOwner: "conversation" };
/** Sort (sequence, user): Card, the private part of one user. */
export const CONVERSATION_CARD_PART: TableSpec = {
  name: "conversation-card-part",
  keyOwner: "conversation",
};
/** Sort (sequence, user): CardAction, the last one of each user. */
export const CONVERSATION_CARD_ACTION: TableSpec = {
  name: "conversation-card-action",
  keyOwner: "conversation",
};
/** Sort (user): JoinRequestRow, of who waits for an answer. */
export const CONVERSATION_JOIN_REQUEST: TableSpec = {
  name: "conversation-join-request",
  keyOwner: "conversation",
};
/** Sort (revision): MemberChangeRow, the newest MEMBER_CHANGES_KEPT of them. */
export const CONVERSATION_MEMBER_CHANGE: TableSpec = {
  name: "conversation-member-change",
  keyOwner: "conversation",
};

/** Sort (module, id): GivenRow, an event of a module that was published here. Kept for some days. */
export const CONVERSATION_MODULE_EVENT: TableSpec = {
  name: "conversation-module-event",
  hasExpiry: true,
  keyOwner: "conversation",
};
/** Sort (module, collapse key): NewestRow, of the topic of a large group. Kept as long as its events. */
export const CONVERSATION_MODULE_NEWEST: TableSpec = {
  name: "conversation-module-newest",
  hasExpiry: true,
  keyOwner: "conversation",
};

/** Sort (chunk): a filter of the terms of its messages; see search/. Made by a search, gone with a change of the chunk. */
export const CONVERSATION_SEARCH: TableSpec = { name: "conversation-search", keyOwner: "conversation" };

export function conversationPartition(key: ConversationKey): Key {
  return [key.tenantId, key.conversationId];
}
