import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "./codec/writer.js";
import { UNREAD_RANGES_MAX } from "./conversation-entry.js";
import { encodeFrame } from "./frames.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "./ids.js";
import {
  DIRECTORY_PAGE_MAX,
  HISTORY_PAGE_MAX,
  LIST_PAGE_MAX,
  MEMBERS_PER_REQUEST_MAX,
  NAME_BYTES_MAX,
  PACKET_BYTES_MAX,
  PAGE_BYTES_MAX,
  TEXT_BYTES_MAX,
  TITLE_BYTES_MAX,
} from "./limits.js";
import { type Message, ConversationEntry, Event, Message as MessageSchema } from "./model.js";

const LARGEST = Number.MAX_SAFE_INTEGER;
const userId = "u".repeat(64) as UserId;
const conversationId = `d:${userId}:${userId}` as ConversationId;
const title = "t".repeat(TITLE_BYTES_MAX);

/** What a server may write into a packet before it begins the next one. */
const BEFORE_BYTES = 64 * 1024;

function messageOf(body: Message["body"]): Message {
  return {
    conversationId,
    sequence: LARGEST,
    messageId: "0".repeat(26) as MessageId,
    senderId: userId,
    clientMessageId: "c".repeat(64) as ClientMessageId,
    timeMs: LARGEST,
    body,
    isCountable: true,
    revision: LARGEST,
    editedMs: LARGEST,
    recall: { actorId: userId, timeMs: LARGEST },
  };
}

const LONGEST_TEXT = messageOf({ text: { text: "t".repeat(TEXT_BYTES_MAX) }, notice: undefined });
const LONGEST_NOTICE = messageOf({
  text: undefined,
  notice: {
    code: "removed",
    actorId: userId,
    userIds: Array.from({ length: MEMBERS_PER_REQUEST_MAX }, () => userId),
    text: "",
  },
});

function entryOf(lastMessage: Message): ConversationEntry {
  return {
    conversationId,
    title,
    firstVisible: LARGEST,
    lastSequence: LARGEST,
    readSequence: LARGEST,
    unread: LARGEST,
    unreadRanges: Array.from({ length: UNREAD_RANGES_MAX * 2 }, () => LARGEST),
    lastMessage,
    isMember: true,
    updatedMs: LARGEST,
  };
}

test("the largest message and the largest entry fit on a page", () => {
  const sizes = [LONGEST_TEXT, LONGEST_NOTICE].flatMap((message) => [
    encode(MessageSchema, message).length,
    encode(ConversationEntry, entryOf(message)).length,
  ]);
  assert.deepEqual(
    sizes.filter((bytes) => bytes > PAGE_BYTES_MAX),
    [],
  );
});

test("the largest frames fit into a packet behind others", () => {
  const requestId = LARGEST;
  const users = Array.from({ length: DIRECTORY_PAGE_MAX }, () => ({
    userId,
    name: "n".repeat(NAME_BYTES_MAX),
  }));
  const members = Array.from({ length: DIRECTORY_PAGE_MAX }, () => ({ userId, role: "member" }));
  const userIds = Array.from({ length: MEMBERS_PER_REQUEST_MAX }, () => userId);
  const frames = [
    encodeFrame("userList", { requestId, users, next: userId }),
    encodeFrame("memberList", { requestId, members, memberCount: LARGEST, next: userId }),
    encodeFrame("createConversation", { requestId, userIds, title, name: userId }),
    encodeFrame("changeMembers", { requestId, conversationId, userIds }),
    encodeFrame("push", { firstPts: LARGEST, events: [encode(Event, { message: LONGEST_NOTICE })] }),
  ];
  // Items and their tags and lengths, which have up to four bytes, and the other fields.
  const pageBytes = PAGE_BYTES_MAX + 4 * Math.max(HISTORY_PAGE_MAX, LIST_PAGE_MAX) + 256;
  const sizes = [...frames.map(({ length }) => length), pageBytes];
  assert.deepEqual(
    sizes.filter((bytes) => bytes > PACKET_BYTES_MAX - BEFORE_BYTES),
    [],
  );
});
