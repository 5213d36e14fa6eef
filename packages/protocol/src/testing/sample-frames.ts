/**
 * One frame of every kind with every field set, and the bytes of it. The bytes never change: a peer of an older version
 * reads them, and records that were written with them are still there.
 */
import { encode } from "../codec/writer.js";
import { fromHex } from "./hex.js";
import { type Init, filled } from "../codec/schema.js";
import type { CardAction } from "../cards.js";
import type { FrameName, FramePayload } from "../frames.js";
import type { GroupInfo, GroupSettings, JoinRequest, Member, Scenario } from "../group.js";
import type {
  ClientMessageId,
  ConversationId,
  DeviceId,
  MessageId,
  ModuleName,
  SessionId,
  UserId,
} from "../ids.js";
import {
  type Body,
  type ConversationEntry,
  type Message,
  AS_SENT,
  Body as BodySchema,
  Event,
  textBody,
} from "../model.js";
import type { DoNotDisturb } from "../notify.js";
import type { Profile } from "../people.js";

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
  body: textBody("Grüße 👋"),
  isCountable: true,
  ...AS_SENT,
};

/** Bodies of every kind, and what may be added to them. */
const BODIES: readonly Body[] = [
  {
    rich: {
      blocks: [
        {
          kind: "item" as const,
          level: 2,
          isOrdered: true,
          language: "ts",
          spans: [
            {
              text: "x",
              isBold: true,
              isItalic: true,
              isStruck: true,
              isCode: true,
              link: "https://example.org",
              userId: ann,
            },
          ],
        },
      ],
    },
  },
  { location: { latitudeE7: 1_425_200_000, longitudeE7: 1_934_050_000, name: "Gate", address: "Street 1" } },
  {
    merged: {
      title: "Team",
      items: [
        { senderId: bob, timeMs: 1_790_000_000_123, body: encode(BodySchema, { text: { text: "Hello" } }) },
      ],
    },
  },
  { card: { content: '{"type":"AdaptiveCard","version":"1.5"}', revision: 4 } },
  { signal: { type: "typing", payload: Uint8Array.of(1, 2) } },
  {
    custom: { type: "poll", payload: Uint8Array.of(3, 4), fallbackText: "A poll" },
    reply: { sequence: 6 },
    mentions: { userIds: [ann], isAll: true },
    forwarded: { senderId: ann, timeMs: 1_790_000_000_122 },
  },
].map((body) => filled(BodySchema, body));

/** A message with every field set. */
const CHANGED: Message = {
  ...SAMPLE_MESSAGE,
  revision: 3,
  editedMs: 1_790_000_000_456,
  recall: { actorId: ann, timeMs: 1_790_000_000_789 },
  audience: [ann],
  reactions: {
    revision: 9,
    items: [{ key: "👍", count: 300, userIds: [ann, bob] }],
    mine: ["👍"],
    mineRevision: 8,
  },
  cardPart: { content: "{}", revision: 5 },
};

const NOTICE: Message = {
  conversationId: group,
  sequence: 8,
  messageId: "01J9Z3K8T5QWERTYABCDEFGHJM" as MessageId,
  senderId: ann,
  clientMessageId: "" as ClientMessageId,
  timeMs: 1_790_000_000_124,
  body: filled(BodySchema, {
    notice: { code: "joined", actorId: ann, userIds: [bob], text: "x", untilMs: 1_790_000_000_999 },
  }),
  isCountable: false,
  ...AS_SENT,
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
  isShared: true,
  topicPts: 70,
  unreadMentions: [7, 300],
  hiddenAhead: [301],
  reactedAhead: [302],
  groupRevision: 4,
  membersRevision: 9,
  notifyLevel: "mentions",
  mutedUntilMs: 1_790_000_000_999,
  pinnedMs: 1_790_000_000_500,
};

const QUIET: DoNotDisturb = {
  isOn: true,
  timeZone: "Europe/Berlin",
  spans: [{ days: [1, 5], fromMinute: 1320, untilMinute: 420 }],
  letsMentionsThrough: true,
};

const SETTINGS: GroupSettings = {
  title: "Team",
  notice: "We meet on Monday.",
  joinPolicy: "approval",
  isHistoryOpen: true,
  mutedUntilMs: 1_790_000_100_000,
  postBy: "all",
  mentionBy: "admins",
  pinBy: "admins",
  addBy: "all",
  editBy: "owner",
};

const INFO: GroupInfo = {
  revision: 4,
  settings: SETTINGS,
  ownerId: ann,
  scenario: "class-group",
  scenarioVersion: 2,
  createdMs: 1_790_000_000_000,
};

const MEMBER: Member = {
  userId: bob,
  role: "member",
  nickname: "Ida's father",
  mutedUntilMs: 1_790_000_200_000,
  fields: [{ name: "child", value: "Ida" }],
  scenarioRole: "parent",
};

const PROFILE: Profile = {
  userId: ann,
  name: "Ann",
  isSystem: true,
  pictureVersion: 3,
  title: "Engineer",
  department: "Engineering/Platform",
  statusText: "On a train",
};

const REQUEST: JoinRequest = {
  userId: bob,
  text: "I am Ida's father.",
  timeMs: 1_790_000_000_300,
  scenarioRole: "parent",
  fields: [{ name: "child", value: "Ida" }],
};

const ACTION: CardAction = {
  userId: bob,
  actionId: "a-1",
  verb: "vote",
  data: '{"choice":2}',
  revision: 4,
  timeMs: 1_790_000_000_800,
  number: 300,
};

const SCENARIO: Scenario = {
  name: "class-group",
  version: 2,
  roles: [
    {
      name: "parent",
      base: "member",
      fields: [{ name: "child", isRequired: true, setBy: "admins", choices: ["Ida"] }],
      nickname: "{child}'s father",
      addedBy: ["admin"],
      mayJoin: true,
      denied: ["pin"],
      kinds: ["text"],
    },
  ],
  creatorRole: "teacher",
  defaultRole: "student",
  settings: SETTINGS,
  locked: ["joinPolicy"],
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
      isShared: true,
      topicPts: 5,
      groupRevision: 4,
      membersRevision: 9,
    },
  },
  {
    left: {
      conversationId: group,
      sequence: 9,
      isShared: true,
      title: "Team",
      firstVisible: 2,
      timeMs: 1_790_000_000_001,
    },
  },
  { advanced: { conversationId: group, lastSequence: 900, lastMessage: NOTICE } },
  { trimmed: { conversationId: group, firstVisible: 300 } },
  { changed: { message: CHANGED } },
  { voided: { conversationId: group, sequence: 7, timeMs: 1_790_000_000_002 } },
  { group: { conversationId: group, info: INFO, request: REQUEST, answered: [bob] } },
  {
    members: {
      conversationId: group,
      revision: 9,
      memberCount: 3,
      changed: [MEMBER],
      removed: ["cy" as UserId],
    },
  },
  { shared: { conversationId: group, topicPts: 6 } },
  { reactions: { conversationId: group, sequence: 7, reactions: CHANGED.reactions } },
  {
    pinned: {
      conversationId: group,
      sequence: 7,
      isPinned: true,
      actorId: ann,
      timeMs: 1_790_000_000_790,
      revision: 4,
    },
  },
  { cardPart: { conversationId: group, sequence: 7, part: CHANGED.cardPart } },
  { cardAction: { conversationId: group, sequence: 7, action: ACTION } },
  {
    module: {
      module: "todo" as ModuleName,
      id: "e-1",
      timeMs: 1_790_000_000_795,
      data: new Uint8Array([1, 2, 3]),
      collapseKey: "list-7",
      priority: 1,
      expiresAtMs: 1_790_000_600_000,
      deviceIds: ["d-1" as DeviceId],
      deviceKinds: ["phone", "web"],
      conversationId: group,
      push: { policy: "alert", title: "To do", text: "Milk" },
    },
  },
  { readers: { conversationId: group, revision: 300, counts: [{ sequence: 7, read: 2, unread: 1 }] } },
];

/** A payload for every frame. */
export const SAMPLE_FRAMES: { readonly [N in FrameName]: FramePayload<N> } = {
  hello: {
    protocolVersion: 1,
    token: "parley_t0ken",
    epoch: 1_790_000_000_001,
    pts: 41,
    client: "cli/1.0",
    deviceKind: "phone",
    packings: ["deflate"],
  },
  ping: {},
  send: {
    requestId: 1,
    conversationId: "d:ann:bob" as ConversationId,
    clientMessageId: "c-1" as ClientMessageId,
    number: 1,
    body: textBody("Hello"),
    audience: [bob],
    forward: { conversationId: group, sequences: [6, 7], isMerged: true, title: "Team" },
  },
  follow: {
    requestId: 14,
    epoch: 1_790_000_000_001,
    topics: [{ conversationId: group, pts: 70 }],
  },
  confirm: { epoch: 1_790_000_000_001, pts: 42, conversationId: group, heldMs: 120 },
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
  listConversations: {
    requestId: 5,
    cursor: "1/2/g:team",
    limit: 200,
    conversationId: group,
    isNewestFirst: true,
  },
  createConversation: {
    requestId: 6,
    isDirect: true,
    userIds: [bob],
    title: "Team",
    name: "n-1",
    isHistoryOpen: true,
    settings: SETTINGS,
    scenario: "class-group",
  },
  changeMembers: {
    requestId: 7,
    conversationId: group,
    userIds: [ann, bob],
    isRemoval: true,
    scenarioRole: "parent",
    fields: [{ name: "child", value: "Ida" }],
  },
  listMembers: {
    requestId: 8,
    conversationId: group,
    after: ann,
    limit: 500,
    sinceRevision: 3,
    prefix: "a",
  },
  updateGroup: {
    requestId: 15,
    conversationId: group,
    names: ["title", "notice"],
    settings: SETTINGS,
    scenario: "class-group",
  },
  updateMember: { requestId: 16, conversationId: group, names: ["nickname"], member: MEMBER },
  join: {
    requestId: 17,
    conversationId: group,
    text: "I am Ida's father.",
    scenarioRole: "parent",
    fields: [{ name: "child", value: "Ida" }],
  },
  getGroup: { requestId: 18, conversationId: group },
  answerJoin: { requestId: 19, conversationId: group, userIds: [bob], isAccepted: true },
  dissolve: { requestId: 20, conversationId: group },
  getJoinRequests: { requestId: 21, conversationId: group, after: ann },
  updateCard: {
    requestId: 22,
    conversationId: group,
    sequence: 7,
    userId: bob,
    revision: 5,
    content: '{"type":"AdaptiveCard","version":"1.5"}',
  },
  actOnCard: {
    requestId: 23,
    conversationId: group,
    sequence: 7,
    actionId: "a-1",
    verb: "vote",
    data: '{"choice":2}',
    revision: 4,
  },
  getCardActions: { requestId: 24, conversationId: group, sequence: 7, after: ann, limit: 500 },
  setNotify: {
    requestId: 27,
    conversationId: group,
    level: "none",
    mutedUntilMs: 1_790_000_000_999,
    doNotDisturb: QUIET,
  },
  getNotify: { requestId: 28 },
  setPushTarget: {
    requestId: 29,
    channel: "web-push",
    appId: "org.example.chat",
    token: "t",
    endpoint: "https://push.example/1",
    publicKey: Uint8Array.of(4, 1, 2),
    authSecret: Uint8Array.of(9, 9),
  },
  setPinned: { requestId: 30, conversationId: group, isPinned: true },
  listUsers: { requestId: 9, prefix: "a", after: ann, limit: 500, userIds: [ann, bob] },
  findPeople: { requestId: 31, text: "lov", conversationId: group, limit: 20 },
  updateProfile: { requestId: 32, names: ["statusText"], profile: PROFILE },
  getProfiles: { requestId: 33, userIds: [ann, bob] },
  listDepartment: { requestId: 34, path: "Engineering/Platform", after: ann, limit: 200 },
  watchPresence: { requestId: 31, userIds: [ann, bob] },
  setActive: { requestId: 32, isActive: true },
  typing: { requestId: 33, conversationId: group },
  getLinkPreview: { requestId: 31, conversationId: group, sequence: 7 },
  getDigest: { requestId: 10, conversationId: group, first: 1, last: 300 },
  edit: {
    requestId: 11,
    conversationId: group,
    sequence: 7,
    body: textBody("Grüße!"),
  },
  recall: { requestId: 12, conversationId: group, sequence: 7 },
  getEdits: { requestId: 13, conversationId: group, sequence: 7, from: 1 },
  getMessages: { requestId: 15, conversationId: group, sequences: [7, 300] },
  listMentions: { requestId: 16, cursor: "1/2/g:team", limit: 50, conversationId: group },
  search: {
    requestId: 14,
    text: "项目 plan",
    conversationId: group,
    senderId: ann,
    fromMs: 1_790_000_000_000,
    untilMs: 1_790_000_100_000,
    cursor: "c/300",
    limit: 20,
    kind: "link",
  },
  react: { requestId: 15, conversationId: group, sequence: 7, key: "👍", isRemoval: true },
  getReactions: { requestId: 16, conversationId: group, sequence: 7, key: "👍", after: ann, limit: 500 },
  pin: { requestId: 17, conversationId: group, sequence: 7, isRemoval: true },
  getPins: { requestId: 18, conversationId: group, before: 300 },
  getReaders: {
    requestId: 19,
    conversationId: group,
    sequence: 7,
    isUnread: true,
    after: ann,
    limit: 500,
  },
  getReadCounts: { requestId: 20, conversationId: group, sequences: [7, 300] },
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
    untilMs: 1_790_000_000_900,
  },
  sent: {
    requestId: 1,
    messageId: "01J9Z3K8T5QWERTYABCDEFGHJK" as MessageId,
    sequence: 7,
    timeMs: 1_790_000_000_123,
    isReplaced: true,
  },
  push: {
    epoch: 1_790_000_000_001,
    firstPts: 42,
    events: SAMPLE_EVENTS.map((event) => encode(Event, event)),
    conversationId: group,
  },
  rebase: { epoch: 1_790_000_000_001, pts: 41, reason: "new-device", conversationId: group },
  historyPage: {
    requestId: 4,
    first: 7,
    last: 8,
    messages: [SAMPLE_MESSAGE, NOTICE],
    firstVisible: 1,
    lastSequence: 300,
  },
  busy: { retryAfterMs: 4_000 },
  conversationList: { requestId: 5, entries: [ENTRY], next: "1/2/g:team", isPartial: true },
  conversationCreated: { requestId: 6, conversationId: group },
  memberList: {
    requestId: 8,
    members: [MEMBER],
    memberCount: 2,
    next: ann,
    revision: 8,
    membersRevision: 9,
    removed: ["cy" as UserId],
    isReset: true,
  },
  userList: {
    requestId: 9,
    users: [{ userId: ann, name: "Ann", isSystem: true, pictureVersion: 3, title: "Engineer" }],
    next: ann,
  },
  profiles: { requestId: 33, profiles: [PROFILE] },
  department: {
    requestId: 34,
    departments: [{ name: "Storage", memberCount: 300 }],
    users: [{ userId: ann, name: "Ann", isSystem: true, pictureVersion: 3, title: "Engineer" }],
    next: ann,
  },
  digest: { requestId: 10, digest: Number.MAX_SAFE_INTEGER, count: 300 },
  edits: {
    requestId: 13,
    items: [
      {
        revision: 1,
        body: textBody("Grüße"),
        editedMs: 1_790_000_000_400,
      },
    ],
    next: 2,
  },
  messages: {
    requestId: 15,
    messages: BODIES.map((body) => ({ ...SAMPLE_MESSAGE, body })),
    answered: 2,
  },
  mentionPage: { requestId: 16, messages: [SAMPLE_MESSAGE], next: "1/2/g:team" },
  searchPage: {
    requestId: 14,
    hits: [{ message: SAMPLE_MESSAGE, spans: [0, 5, 7, 9] }],
    next: "c/7",
    truncated: [group],
  },
  reactionList: { requestId: 16, items: [{ userId: ann, keys: ["👍"] }], next: ann },
  pinList: {
    requestId: 18,
    pins: [{ actorId: ann, timeMs: 1_790_000_000_790, message: SAMPLE_MESSAGE }],
    revision: 4,
    next: 7,
  },
  readerList: { requestId: 19, userIds: [bob], read: 1, unread: 1, next: bob, revision: 300 },
  readCounts: { requestId: 20, counts: [{ sequence: 7, read: 2, unread: 1 }], revision: 300 },
  group: {
    requestId: 18,
    info: INFO,
    memberCount: 3,
    membersRevision: 9,
    self: MEMBER,
    scenario: SCENARIO,
    isRequested: true,
  },
  joinRequests: { requestId: 21, requests: [REQUEST], next: bob },
  ahead: {
    epoch: 1_790_000_000_001,
    pts: 300,
    event: encode(Event, { read: { conversationId: group, sequence: 7 } }),
    conversationId: group,
  },
  // Three times a Pong.
  packed: { packing: "deflate", size: 6, data: fromHex("7364706470640000") },
  presence: { requestId: 31, people: [{ userId: bob, state: "away", sinceMs: 1_790_000_000_000 }] },
  someoneTypes: { conversationId: group, userId: bob },
  linkPreview: {
    requestId: 31,
    url: "https://example.com/a",
    title: "An example",
    description: "A page that says something.",
    siteName: "Example",
    picture: Uint8Array.of(82, 73, 70, 70),
    pictureType: "image/webp",
  },
  cardActions: { requestId: 24, items: [ACTION], next: bob },
  notifySettings: { requestId: 28, doNotDisturb: QUIET },
};
