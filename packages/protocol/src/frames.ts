/**
 * Frames: what travels in a WebSocket message. A packet (one binary WebSocket message) is one frame or several, each:
 *
 *   kind: varint · length: varint · payload: `length` bytes, one message of the kind's schema
 *
 * Requests carry a `requestId` chosen by the client, above 0 and unique among its unanswered ones; the answer, in
 * whatever order, carries it back. Kinds 1 to 63 go to the server, 64 to 127 to the client.
 */
import { Failure } from "@parley/base";
import { Reader } from "./codec/reader.js";
import {
  type Infer,
  type Init,
  bool,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
  uints,
} from "./codec/schema.js";
import { Writer } from "./codec/writer.js";
import { GroupSettings, Member, MemberField } from "./group.js";
import {
  AnswerJoin,
  Dissolve,
  GetGroup,
  GetJoinRequests,
  Group,
  Join,
  JoinRequests,
  UpdateGroup,
  UpdateMember,
} from "./group-frames.js";
import type { ClientMessageId, ConversationId, DeviceId, MessageId, SessionId, UserId } from "./ids.js";
import { PACKET_BYTES_MAX, PACKET_FRAMES_MAX, PACKET_MESSAGES_MAX } from "./limits.js";
import { Forward } from "./bodies.js";
import { ActOnCard, CardActions, GetCardActions, UpdateCard } from "./cards.js";
import {
  GetPins,
  GetReactions,
  GetReadCounts,
  GetReaders,
  PinMessage,
  React,
  ReactionList,
  ReadCounts,
  ReaderList,
} from "./message-states.js";
import { Body, ConversationEntry, Message } from "./model.js";
import { EditMessage, Edits, GetEdits, RecallMessage } from "./change-frames.js";
import { SetPinned } from "./list-pins.js";
import { GetLinkPreview, LinkPreview } from "./link-previews.js";
import { ListMentions, MentionPage } from "./mention-frames.js";
import { GetNotify, NotifySettings, SetNotify, SetPushTarget } from "./notify.js";
import { Packed, PACKED_KIND } from "./packing.js";
import {
  Department,
  FindPeople,
  GetProfiles,
  ListDepartment,
  ListUsers,
  Profiles,
  UpdateProfile,
  UserList,
} from "./people.js";
import { PinList } from "./pin-list.js";
import { Presence, SetActive, SomeoneTypes, Typing, WatchPresence } from "./presence.js";
import { Search, SearchPage } from "./search-frames.js";
import { Ahead, Confirm, Follow, Push, Rebase } from "./sync-frames.js";

/** First frame of a connection. A device without a position leaves `epoch` and `pts` 0 and gets a Rebase. */
export const Hello = schema("Hello", {
  protocolVersion: uint(1),
  token: string(2),
  epoch: uint(3),
  pts: uint(4),
  client: string(5),
  /** One of DEVICE_KINDS, or empty. */
  deviceKind: string(6),
  /** How packets may be packed that go to it: of PACKINGS, or unknown ones. */
  packings: strings(7),
});

export const Welcome = schema("Welcome", {
  protocolVersion: uint(1),
  userId: string<UserId>(2),
  deviceId: string<DeviceId>(3),
  sessionId: string<SessionId>(4),
  /** Send a Ping when nothing was sent for this long; take the connection for dead after twice this long in silence. */
  heartbeatMs: uint(5),
  serverTimeMs: uint(6),
  server: string(7),
});

/** Instead of Welcome, before the connection closes: too many devices come at once. Come again after this time. */
export const Busy = schema("Busy", { retryAfterMs: uint(1) });

export const Ping = schema("Ping", {});
export const Pong = schema("Pong", {});

/** The answer to a request that has nothing to say, or that failed. */
export const Done = schema("Done", { requestId: uint(1) });
export const Refused = schema("Refused", {
  requestId: uint(1),
  code: string(2),
  message: string(3),
  /** "never", "same" or "after-change". */
  retry: string(4),
  retryAfterMs: uint(5),
  /** For "too-early" and "send-order": the number that the server takes next from this device here; for "card-outdated" the lowest revision that it takes. */
  expected: uint(6),
  /** For "muted": until when. */
  untilMs: uint(15),
});

/**
 * `number` counts this device's sends to this conversation from 1: the server takes them in this order, each once.
 * Repeat a send without an answer with the same number and client message id.
 */
export const Send = schema("Send", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  clientMessageId: string<ClientMessageId>(3),
  number: uint(4),
  body: nested(5, Body),
  /** Directed: only these members and the sender see it. Empty: all do. */
  audience: strings<UserId>(6),
  /** Instead of a body: the server makes it of these messages, as the sender sees them. */
  forward: nested(7, Forward),
});
/** The message is durable and has its place. */
export const Sent = schema("Sent", {
  requestId: uint(1),
  messageId: string<MessageId>(2),
  sequence: uint(3),
  timeMs: uint(4),
  /** The review of contents made it say something else: what it says comes with its event. */
  isReplaced: bool(15),
});

export const MarkRead = schema("MarkRead", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
});

/** Delete for me. Answered by Done when it is durable. */
export const Hide = schema("Hide", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequences: uints(3),
});

/**
 * One page of history. `before` (exclusive) pages back, `after` (exclusive) pages forward; `atMs` begins at the first
 * message of that time or later and pages forward. None of them: the newest page.
 */
export const GetHistory = schema("GetHistory", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  before: uint(3),
  after: uint(4),
  atMs: uint(5),
  limit: uint(6),
  /** `after: 0` must be told from no `after`. */
  isForward: bool(7),
});
/**
 * Ascending. Every sequence from `first` to `last` is either among the messages or void (hidden by this user); so a
 * device knows that it holds this span whole. `first` above `last`: nothing there.
 */
export const HistoryPage = schema("HistoryPage", {
  requestId: uint(1),
  first: uint(2),
  last: uint(3),
  messages: list(4, Message),
  firstVisible: uint(5),
  lastSequence: uint(6),
});

/** The list by conversation id, continued with the answer's `next`. A page may end before its limit. */
export const ListConversations = schema("ListConversations", {
  requestId: uint(1),
  cursor: string(2),
  limit: uint(3),
  /** When set: only this one. */
  conversationId: string<ConversationId>(4),
  /** One page of those with the newest messages, which is not continued: for a device that has nothing to show yet. */
  isNewestFirst: bool(5),
});
export const ConversationList = schema("ConversationList", {
  requestId: uint(1),
  entries: list(2, ConversationEntry),
  /** Empty on the last page. */
  next: string(3),
  /** Of the newest ones: there are others. */
  isPartial: bool(4),
});

/** `userIds` of a direct conversation is the other user; `name` makes a repeated creation of a group harmless. */
export const CreateConversation = schema("CreateConversation", {
  requestId: uint(1),
  isDirect: bool(2),
  userIds: strings<UserId>(3),
  title: string(4),
  /** Unique per device, as client message ids are. */
  name: string(5),
  /** New members see what was said before they came. */
  isHistoryOpen: bool(6),
  /** What a group begins with, beside its title and `isHistoryOpen`; where it is left out, as its scenario says. */
  settings: nested(7, GroupSettings),
  /** The name of a scenario that is installed. */
  scenario: string(8),
});
export const ConversationCreated = schema("ConversationCreated", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
});

/** `isRemoval` false adds. Removing oneself is leaving. Whoever is added with `fields` is added alone. */
export const ChangeMembers = schema("ChangeMembers", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  userIds: strings<UserId>(3),
  isRemoval: bool(4),
  /** The role in the group's scenario, and what it asks for. */
  scenarioRole: string(5),
  fields: list(6, MemberField),
});

/** Members by user id, those that begin with `prefix`; or with `sinceRevision` those that changed since. */
export const ListMembers = schema("ListMembers", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  after: string<UserId>(3),
  limit: uint(4),
  sinceRevision: uint(5),
  prefix: string(6),
});
/**
 * A page, or what changed up to `revision`: ask again from there until it is `membersRevision`. `isReset`: too much has
 * changed since; fetch the list.
 */
export const MemberList = schema("MemberList", {
  requestId: uint(1),
  members: list(2, Member),
  memberCount: uint(3),
  next: string<UserId>(4),
  revision: uint(5),
  membersRevision: uint(6),
  removed: strings<UserId>(7),
  isReset: bool(8),
});

/** Asks for the digest (see digest.ts) of what this user may see from `first` to `last`. */
export const GetDigest = schema("GetDigest", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  first: uint(3),
  last: uint(4),
});
export const Digest = schema("Digest", {
  requestId: uint(1),
  digest: uint(2),
  count: uint(3),
});

/** Asks for messages by their sequences, as this user sees them now: at most MESSAGES_PER_REQUEST_MAX. */
export const GetMessages = schema("GetMessages", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequences: uints(3),
});
/** In the order of the request. Those that are missing do not exist for this user. */
export const Messages = schema("Messages", {
  requestId: uint(1),
  messages: list(2, Message),
  /** How many of the sequences this answers, the first ones; the others have to be asked for again. */
  answered: uint(3),
});

/** Every frame kind. Numbers are never used again for another meaning. */
export const FRAMES = {
  hello: { kind: 1, schema: Hello },
  ping: { kind: 2, schema: Ping },
  send: { kind: 3, schema: Send },
  confirm: { kind: 4, schema: Confirm },
  markRead: { kind: 5, schema: MarkRead },
  hide: { kind: 6, schema: Hide },
  getHistory: { kind: 7, schema: GetHistory },
  listConversations: { kind: 8, schema: ListConversations },
  createConversation: { kind: 9, schema: CreateConversation },
  changeMembers: { kind: 10, schema: ChangeMembers },
  listMembers: { kind: 11, schema: ListMembers },
  listUsers: { kind: 12, schema: ListUsers },
  getDigest: { kind: 13, schema: GetDigest },
  edit: { kind: 14, schema: EditMessage },
  recall: { kind: 15, schema: RecallMessage },
  getEdits: { kind: 16, schema: GetEdits },
  follow: { kind: 17, schema: Follow },
  react: { kind: 18, schema: React },
  getReactions: { kind: 19, schema: GetReactions },
  pin: { kind: 20, schema: PinMessage },
  getPins: { kind: 21, schema: GetPins },
  getReaders: { kind: 22, schema: GetReaders },
  getReadCounts: { kind: 23, schema: GetReadCounts },
  getMessages: { kind: 24, schema: GetMessages },
  listMentions: { kind: 25, schema: ListMentions },
  search: { kind: 30, schema: Search },
  updateGroup: { kind: 26, schema: UpdateGroup },
  updateMember: { kind: 27, schema: UpdateMember },
  join: { kind: 28, schema: Join },
  getGroup: { kind: 29, schema: GetGroup },
  answerJoin: { kind: 31, schema: AnswerJoin },
  dissolve: { kind: 32, schema: Dissolve },
  getJoinRequests: { kind: 33, schema: GetJoinRequests },
  updateCard: { kind: 34, schema: UpdateCard },
  actOnCard: { kind: 35, schema: ActOnCard },
  getCardActions: { kind: 36, schema: GetCardActions },
  setNotify: { kind: 40, schema: SetNotify },
  getNotify: { kind: 41, schema: GetNotify },
  setPushTarget: { kind: 42, schema: SetPushTarget },
  setPinned: { kind: 43, schema: SetPinned },
  findPeople: { kind: 47, schema: FindPeople },
  updateProfile: { kind: 48, schema: UpdateProfile },
  getProfiles: { kind: 49, schema: GetProfiles },
  watchPresence: { kind: 44, schema: WatchPresence },
  setActive: { kind: 45, schema: SetActive },
  typing: { kind: 46, schema: Typing },
  getLinkPreview: { kind: 50, schema: GetLinkPreview },
  listDepartment: { kind: 51, schema: ListDepartment },
  welcome: { kind: 64, schema: Welcome },
  pong: { kind: 65, schema: Pong },
  done: { kind: 66, schema: Done },
  refused: { kind: 67, schema: Refused },
  sent: { kind: 68, schema: Sent },
  push: { kind: 69, schema: Push },
  rebase: { kind: 70, schema: Rebase },
  historyPage: { kind: 71, schema: HistoryPage },
  conversationList: { kind: 72, schema: ConversationList },
  conversationCreated: { kind: 73, schema: ConversationCreated },
  memberList: { kind: 74, schema: MemberList },
  userList: { kind: 75, schema: UserList },
  digest: { kind: 76, schema: Digest },
  edits: { kind: 77, schema: Edits },
  reactionList: { kind: 79, schema: ReactionList },
  pinList: { kind: 80, schema: PinList },
  readerList: { kind: 81, schema: ReaderList },
  readCounts: { kind: 82, schema: ReadCounts },
  messages: { kind: 83, schema: Messages },
  mentionPage: { kind: 84, schema: MentionPage },
  searchPage: { kind: 90, schema: SearchPage },
  group: { kind: 85, schema: Group },
  joinRequests: { kind: 86, schema: JoinRequests },
  cardActions: { kind: 87, schema: CardActions },
  busy: { kind: 88, schema: Busy },
  notifySettings: { kind: 91, schema: NotifySettings },
  ahead: { kind: 95, schema: Ahead },
  linkPreview: { kind: 102, schema: LinkPreview },
  department: { kind: 103, schema: Department },
  packed: { kind: PACKED_KIND, schema: Packed },
  profiles: { kind: 99, schema: Profiles },
  presence: { kind: 97, schema: Presence },
  someoneTypes: { kind: 98, schema: SomeoneTypes },
} as const;

/** Requests that are answered by a frame of their own. */
export const OWN_ANSWERS = {
  send: "sent",
  getHistory: "historyPage",
  listConversations: "conversationList",
  createConversation: "conversationCreated",
  listMembers: "memberList",
  listUsers: "userList",
  getDigest: "digest",
  getEdits: "edits",
  getReactions: "reactionList",
  getPins: "pinList",
  getReaders: "readerList",
  getReadCounts: "readCounts",
  getMessages: "messages",
  listMentions: "mentionPage",
  search: "searchPage",
  join: "group",
  getGroup: "group",
  getJoinRequests: "joinRequests",
  getCardActions: "cardActions",
  getNotify: "notifySettings",
  findPeople: "userList",
  getProfiles: "profiles",
  watchPresence: "presence",
  getLinkPreview: "linkPreview",
  listDepartment: "department",
} as const satisfies { readonly [N in FrameName]?: FrameName };

/** Which frame answers which request: "done", if there is no more to say. Any of them may be answered by `refused` instead. */
export const ANSWERS = {
  ...OWN_ANSWERS,
  markRead: "done",
  hide: "done",
  changeMembers: "done",
  edit: "done",
  recall: "done",
  follow: "done",
  react: "done",
  pin: "done",
  updateGroup: "done",
  updateMember: "done",
  answerJoin: "done",
  dissolve: "done",
  updateCard: "done",
  actOnCard: "done",
  setNotify: "done",
  setPushTarget: "done",
  setPinned: "done",
  updateProfile: "done",
  setActive: "done",
  typing: "done",
} as const satisfies { readonly [N in FrameName]?: FrameName };

export type FrameName = keyof typeof FRAMES;
export type FramePayload<N extends FrameName> = Infer<(typeof FRAMES)[N]["schema"]>;
/** A decoded frame: `name` tells the type of `payload`. */
export type Frame = {
  readonly [N in FrameName]: { readonly name: N; readonly payload: FramePayload<N> };
}[FrameName];

const NAMES: readonly (FrameName | undefined)[] = namesByKind();

/** Appends one frame to a packet. */
export function writeFrame<N extends FrameName>(
  packet: Writer,
  name: N,
  payload: Init<FramePayload<N>>,
): void {
  const frame = FRAMES[name];
  packet.varint(frame.kind);
  packet.delimited(frame.schema, payload);
}

/** One frame alone in a packet. */
export function encodeFrame<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): Uint8Array {
  const packet = new Writer(256);
  writeFrame(packet, name, payload);
  return packet.take();
}

/**
 * Calls `take` with each frame of a packet, in order. Errors: "malformed" (close the connection), "unknown-frame" with
 * the kind in its details (refuse and close, or skip it: a newer peer may send it).
 */
export function readPacket(packet: Uint8Array, take: (frame: Frame) => void): void {
  if (packet.length > PACKET_BYTES_MAX)
    throw new Failure("malformed", `A packet has more than ${PACKET_BYTES_MAX} bytes.`);
  const reader = new Reader(packet, 0, packet.length, PACKET_MESSAGES_MAX);
  let count = 0;
  while (!reader.isAtEnd) {
    count += 1;
    if (count > PACKET_FRAMES_MAX)
      throw new Failure("malformed", `A packet holds more than ${PACKET_FRAMES_MAX} frames.`);
    const kind = reader.varint();
    const name = kind < NAMES.length ? NAMES[kind] : undefined;
    if (name === undefined) {
      reader.view(reader.varint());
      throw new Failure("unknown-frame", `Frame kind ${kind} is not known here.`, { details: { kind } });
    }
    take({ name, payload: reader.delimited<object>(FRAMES[name].schema) } as Frame);
  }
  if (count === 0) throw new Failure("malformed", "A packet holds no frame.");
}

function namesByKind(): (FrameName | undefined)[] {
  const names: (FrameName | undefined)[] = [];
  for (const [name, frame] of Object.entries(FRAMES)) names[frame.kind] = name as FrameName;
  for (let kind = 0; kind < names.length; kind++) names[kind] ??= undefined;
  return names;
}
