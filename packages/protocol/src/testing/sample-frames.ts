/**
 * One frame of every kind with every field set, and the bytes of it. The bytes never change: a peer of an older version
 * reads them, and records that were written with them are still there.
 */
import { encode } from "../codec/writer.js";
import type { Init } from "../codec/schema.js";
import type { FrameName, FramePayload } from "../frames.js";
import type { ClientMessageId, ConversationId, DeviceId, MessageId, SessionId, UserId } from "../ids.js";
import { type ConversationEntry, type Message, Event } from "../model.js";

const group = "g:team" as ConversationId;
const ann = "ann" as UserId;
const bob = "bob" as UserId;

/** A message as it was sent: the bytes of it are those of version 1. */
export const SAMPLE_MESSAGE: Message = {
  conversationId: group,
  sequence: 7,
  messageId: "01J9Z3K8T5QWERTYABCDEFGHJK" as MessageId,
  senderId: bob,
  clientMessageId: "c-1" as ClientMessageId,
  timeMs: 1_790_000_000_123,
  body: { text: { text: "Grüße 👋" }, notice: undefined },
  isCountable: true,
  revision: 0,
  editedMs: 0,
  recall: undefined,
};

/** A message with every field set. */
const CHANGED: Message = {
  ...SAMPLE_MESSAGE,
  revision: 3,
  editedMs: 1_790_000_000_456,
  recall: { actorId: ann, timeMs: 1_790_000_000_789 },
};

const NOTICE: Message = {
  conversationId: group,
  sequence: 8,
  messageId: "01J9Z3K8T5QWERTYABCDEFGHJM" as MessageId,
  senderId: ann,
  clientMessageId: "" as ClientMessageId,
  timeMs: 1_790_000_000_124,
  body: { text: undefined, notice: { code: "joined", actorId: ann, userIds: [bob], text: "x" } },
  isCountable: false,
  revision: 0,
  editedMs: 0,
  recall: undefined,
};

const ENTRY: ConversationEntry = {
  conversationId: group,
  title: "Team",
  firstVisible: 1,
  lastSequence: 300,
  readSequence: 5,
  unread: 4,
  unreadRanges: [7, 9, 300, 300],
  lastMessage: SAMPLE_MESSAGE,
  isMember: true,
  updatedMs: 1_790_000_000_123,
};

/** Events of every kind. */
export const SAMPLE_EVENTS: readonly Init<Event>[] = [
  { message: SAMPLE_MESSAGE },
  { read: { conversationId: group, sequence: 7 } },
  { hidden: { conversationId: group, sequences: [3, 300] } },
  {
    joined: {
      conversationId: group,
      title: "Team",
      firstVisible: 4,
      lastSequence: 3,
      timeMs: 1_790_000_000_000,
    },
  },
  { left: { conversationId: group, sequence: 9 } },
  { advanced: { conversationId: group, lastSequence: 900, lastMessage: NOTICE } },
  { trimmed: { conversationId: group, firstVisible: 300 } },
  { changed: { message: CHANGED } },
];

/** A payload for every frame. */
export const SAMPLE_FRAMES: { readonly [N in FrameName]: FramePayload<N> } = {
  hello: { protocolVersion: 1, token: "parley_t0ken", epoch: 1_790_000_000_001, pts: 41, client: "cli/1.0" },
  ping: {},
  send: {
    requestId: 1,
    conversationId: "d:ann:bob" as ConversationId,
    clientMessageId: "c-1" as ClientMessageId,
    number: 1,
    body: { text: { text: "Hello" }, notice: undefined },
  },
  confirm: { epoch: 1_790_000_000_001, pts: 42 },
  markRead: { requestId: 2, conversationId: group, sequence: 7 },
  hide: { requestId: 3, conversationId: group, sequences: [3, 300] },
  getHistory: {
    requestId: 4,
    conversationId: group,
    before: 301,
    after: 100,
    atMs: 1_790_000_000_000,
    limit: 50,
    isForward: true,
  },
  listConversations: { requestId: 5, cursor: "1/2/g:team", limit: 200 },
  createConversation: {
    requestId: 6,
    isDirect: true,
    userIds: [bob],
    title: "Team",
    name: "n-1",
    isHistoryOpen: true,
  },
  changeMembers: { requestId: 7, conversationId: group, userIds: [ann, bob], isRemoval: true },
  listMembers: { requestId: 8, conversationId: group, after: ann, limit: 500 },
  listUsers: { requestId: 9, prefix: "a", after: ann, limit: 500 },
  getDigest: { requestId: 10, conversationId: group, first: 1, last: 300 },
  edit: {
    requestId: 11,
    conversationId: group,
    sequence: 7,
    body: { text: { text: "Grüße!" }, notice: undefined },
  },
  recall: { requestId: 12, conversationId: group, sequence: 7 },
  getEdits: { requestId: 13, conversationId: group, sequence: 7, from: 1 },
  welcome: {
    protocolVersion: 1,
    userId: ann,
    deviceId: "d-1" as DeviceId,
    sessionId: "s-1" as SessionId,
    heartbeatMs: 25_000,
    serverTimeMs: 1_790_000_000_123,
    server: "parley/0.1.0",
  },
  pong: {},
  done: { requestId: 2 },
  refused: {
    requestId: 1,
    code: "too-early",
    message: "An earlier send of this device has not arrived.",
    retry: "same",
    retryAfterMs: 500,
    expected: 3,
  },
  sent: {
    requestId: 1,
    messageId: "01J9Z3K8T5QWERTYABCDEFGHJK" as MessageId,
    sequence: 7,
    timeMs: 1_790_000_000_123,
  },
  push: {
    epoch: 1_790_000_000_001,
    firstPts: 42,
    events: SAMPLE_EVENTS.map((event) => encode(Event, event)),
  },
  rebase: { epoch: 1_790_000_000_001, pts: 41, reason: "new-device" },
  historyPage: {
    requestId: 4,
    first: 7,
    last: 8,
    messages: [SAMPLE_MESSAGE, NOTICE],
    firstVisible: 1,
    lastSequence: 300,
  },
  conversationList: { requestId: 5, entries: [ENTRY], next: "1/2/g:team" },
  conversationCreated: { requestId: 6, conversationId: group },
  memberList: { requestId: 8, members: [{ userId: ann, role: "owner" }], memberCount: 2, next: ann },
  userList: { requestId: 9, users: [{ userId: ann, name: "Ann" }], next: ann },
  digest: { requestId: 10, digest: Number.MAX_SAFE_INTEGER, count: 300 },
  edits: {
    requestId: 13,
    items: [
      {
        revision: 1,
        body: { text: { text: "Grüße" }, notice: undefined },
        editedMs: 1_790_000_000_400,
      },
    ],
    next: 2,
  },
};
