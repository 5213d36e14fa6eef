import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "./codec/writer.js";
import { UNREAD_RANGES_MAX } from "./conversation-entry.js";
import { encodeFrame } from "./frames.js";
import { Member } from "./group.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "./ids.js";
import {
  AUDIENCE_MAX,
  DEPARTMENT_BYTES_MAX,
  DEPARTMENT_PAGE_MAX,
  DEPARTMENTS_LISTED_MAX,
  DIRECTORY_PAGE_MAX,
  FIELD_NAME_BYTES_MAX,
  HISTORY_PAGE_MAX,
  JOB_BYTES_MAX,
  LIST_PAGE_MAX,
  MEMBERS_PER_REQUEST_MAX,
  MENTIONS_MAX,
  MENTIONS_UNREAD_MAX,
  MERGED_BYTES_MAX,
  NAME_BYTES_MAX,
  PACKET_BYTES_MAX,
  PAGE_BYTES_MAX,
  PROFILES_PER_REQUEST_MAX,
  STATUS_CHARACTERS_MAX,
  TEXT_BYTES_MAX,
  TITLE_BYTES_MAX,
} from "./limits.js";
import { filled } from "./codec/schema.js";
import { type Message, Body, ConversationEntry, Event, Message as MessageSchema, textBody } from "./model.js";

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
    audience: Array.from({ length: AUDIENCE_MAX }, () => userId),
    reactions: undefined,
    cardPart: undefined,
  };
}

const LONGEST_TEXT = messageOf(textBody("t".repeat(TEXT_BYTES_MAX)));
const LONGEST_NOTICE = messageOf(
  filled(Body, {
    notice: {
      code: "removed",
      actorId: userId,
      userIds: Array.from({ length: MEMBERS_PER_REQUEST_MAX }, () => userId),
      text: "",
      untilMs: LARGEST,
    },
  }),
);
/** Merged messages are the largest that there are. */
const LARGEST_MERGED = messageOf(
  filled(Body, {
    merged: {
      title: "",
      items: [{ senderId: userId, timeMs: LARGEST, body: new Uint8Array(MERGED_BYTES_MAX) }],
    },
    reply: { sequence: LARGEST },
    mentions: { userIds: Array.from({ length: MENTIONS_MAX }, () => userId), isAll: true },
    forwarded: { senderId: userId, timeMs: LARGEST },
  }),
);

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
    isShared: true,
    topicPts: LARGEST,
    hiddenAhead: [],
    unreadMentions: Array.from({ length: MENTIONS_UNREAD_MAX }, () => LARGEST),
    reactedAhead: [],
    groupRevision: LARGEST,
    membersRevision: LARGEST,
    notifyLevel: "mentions",
    mutedUntilMs: LARGEST,
    pinnedMs: LARGEST,
  };
}

test("the largest message and the largest entry fit on a page", () => {
  const sizes = [LONGEST_TEXT, LONGEST_NOTICE, LARGEST_MERGED].flatMap((message) => [
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
    isSystem: true,
    pictureVersion: LARGEST,
    title: "t".repeat(JOB_BYTES_MAX),
  }));
  const profiles = users.slice(0, PROFILES_PER_REQUEST_MAX).map((user) => ({
    ...user,
    department: "d".repeat(DEPARTMENT_BYTES_MAX),
    statusText: "\u{1f600}".repeat(STATUS_CHARACTERS_MAX),
  }));
  const departments = Array.from({ length: DEPARTMENTS_LISTED_MAX }, () => ({
    name: "d".repeat(DEPARTMENT_BYTES_MAX),
    memberCount: LARGEST,
  }));
  const someUsers = users.slice(0, DEPARTMENT_PAGE_MAX);
  const userIds = Array.from({ length: MEMBERS_PER_REQUEST_MAX }, () => userId);
  // Those with fields come one at a time, and a page of the list ends with its bytes.
  const scenarioRole = "r".repeat(FIELD_NAME_BYTES_MAX);
  const members = userIds.map((each) => filled(Member, { userId: each, role: "member", scenarioRole }));
  const changed = { conversationId, revision: LARGEST, memberCount: LARGEST, removed: [] };
  const frames = [
    encodeFrame("userList", { requestId, users, next: userId }),
    encodeFrame("profiles", { requestId, profiles }),
    encodeFrame("department", { requestId, departments, users: someUsers, next: userId }),
    encodeFrame("memberList", { requestId, removed: userIds, memberCount: LARGEST, next: userId }),
    encodeFrame("createConversation", { requestId, userIds, title, name: userId }),
    encodeFrame("changeMembers", { requestId, conversationId, userIds }),
    ...[LONGEST_NOTICE, LARGEST_MERGED].map((message) =>
      encodeFrame("push", { firstPts: LARGEST, events: [encode(Event, { message })] }),
    ),
    encodeFrame("push", {
      firstPts: LARGEST,
      events: [encode(Event, { members: { ...changed, changed: members } })],
    }),
  ];
  // Items and their tags and lengths, which have up to four bytes, and the other fields.
  const pageBytes = PAGE_BYTES_MAX + 4 * Math.max(HISTORY_PAGE_MAX, LIST_PAGE_MAX) + 256;
  const sizes = [...frames.map(({ length }) => length), pageBytes];
  assert.deepEqual(
    sizes.filter((bytes) => bytes > PACKET_BYTES_MAX - BEFORE_BYTES),
    [],
  );
});
