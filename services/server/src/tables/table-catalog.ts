/** Every table of an installation, for tools: what its keys are, what its values say, and what of it nobody is shown. */
import {
  ACCOUNT,
  ACCOUNT_PICTURE,
  AccountRow,
  MODULE,
  MODULE_KEY,
  ModuleKeyRow,
  ModuleRow,
  PictureRow,
  SESSION,
  SessionRow,
  TOKEN,
  TokenRow,
} from "@parley/api";
import {
  CardRow,
  GivenRow,
  HeadRow,
  JoinRequestRow,
  MemberChangeRow,
  MemberRow,
  NewestRow,
  PinRow,
  ReactionRow,
  ReactionSumRow,
  SendRow,
  TopicRow,
  UserHeadRow,
} from "@parley/domain";
import {
  CAMPAIGN,
  CampaignRow,
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_EVENT,
  CONVERSATION_MODULE_NEWEST,
  CONVERSATION_PIN,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEARCH,
  CONVERSATION_SEND,
  REVIEW_PENDING,
  ReviewRow,
} from "@parley/message";
import {
  Card,
  CardAction,
  ConversationEntry,
  DoNotDisturb,
  Edit,
  Event,
  Message,
  type Schema,
  decode,
} from "@parley/protocol";
import { LINK_PREVIEW, PreviewRow } from "@parley/preview";
import { MEDIA, MEDIA_REFERENCE, MEDIA_UPLOAD, MediaRow, ReferenceRow, UploadRow } from "@parley/media";
import {
  DeadLetterRow,
  NOTIFY_DEAD,
  NOTIFY_EVERYTHING,
  NOTIFY_PENDING,
  PendingRow,
  PUSH_TARGET,
  PushTargetRow,
} from "@parley/notification";
import {
  CONVERSATION_INBOX,
  DEVICE,
  DeviceRow,
  MENTION,
  MESSAGE_INBOX,
  MODULE_EVENT,
  MODULE_NEWEST,
  SYNC_QUEUE,
  USER_HEAD,
  USER_SETTINGS,
} from "@parley/sync";
import { blockTableOf, INDEX_STATE, type Key, type TableSpec } from "@parley/tables";
import { CHECKPOINT, CheckpointRow } from "../checkpoint.js";
import { INSTALLATION } from "../epoch.js";
import { PUSH_KEY } from "../notify/push-key.js";

/** A part of a key: its name, and whether it is a number. */
export interface KeyField {
  readonly name: string;
  readonly type: "text" | "number";
  /** May be left out. Only the last one. */
  readonly isOptional?: boolean;
}

export interface KnownTable {
  readonly spec: TableSpec;
  readonly partition: readonly KeyField[];
  readonly sort: readonly KeyField[];
  /** Errors: whatever is thrown, the value is none of this table. */
  readonly decode: (value: Uint8Array) => unknown;
  /** Fields of the value that hold hashes of what opens a session. */
  readonly secretFields?: readonly string[];
  readonly hasSecretPartition?: boolean;
}

const TENANT = text("tenant");
const USER = text("user");
const CONVERSATION = text("conversation");
const OF_CONVERSATION = [TENANT, CONVERSATION];
const OF_USER = [TENANT, USER];
const OF_MEDIA = [TENANT, text("media")];

export const TABLES: readonly KnownTable[] = [
  {
    spec: ACCOUNT,
    partition: [TENANT],
    sort: [USER],
    decode: of(AccountRow),
    secretFields: ["passwordHash"],
  },
  {
    spec: SESSION,
    partition: OF_USER,
    sort: [text("session")],
    decode: of(SessionRow),
    secretFields: ["tokenHash"],
  },
  { spec: ACCOUNT_PICTURE, partition: [TENANT], sort: [USER], decode: of(PictureRow) },
  {
    spec: MODULE,
    partition: [TENANT],
    sort: [text("module")],
    decode: of(ModuleRow),
    secretFields: ["keyHash"],
  },
  {
    spec: MODULE_KEY,
    partition: [text("hash")],
    sort: [],
    decode: of(ModuleKeyRow),
    hasSecretPartition: true,
  },
  { spec: CAMPAIGN, partition: [TENANT], sort: [text("campaign")], decode: of(CampaignRow) },
  {
    spec: TOKEN,
    partition: [text("hash")],
    sort: [],
    decode: of(TokenRow),
    hasSecretPartition: true,
  },
  { spec: CONVERSATION_HEAD, partition: OF_CONVERSATION, sort: [], decode: of(HeadRow) },
  { spec: CONVERSATION_MEMBER, partition: OF_CONVERSATION, sort: [USER], decode: of(MemberRow) },
  { spec: CONVERSATION_MESSAGE, partition: OF_CONVERSATION, sort: [number("sequence")], decode: of(Message) },
  {
    spec: CONVERSATION_EDIT,
    partition: OF_CONVERSATION,
    sort: [number("sequence"), number("revision")],
    decode: of(Edit),
  },
  {
    spec: CONVERSATION_SEARCH,
    partition: OF_CONVERSATION,
    sort: [number("chunk")],
    decode: (value) => ({ bytes: value.length }),
  },
  {
    spec: CONVERSATION_REACTION_SUM,
    partition: OF_CONVERSATION,
    sort: [number("sequence")],
    decode: of(ReactionSumRow),
  },
  {
    spec: CONVERSATION_REACTION,
    partition: OF_CONVERSATION,
    sort: [number("sequence"), USER],
    decode: of(ReactionRow),
  },
  {
    spec: CONVERSATION_CARD,
    partition: OF_CONVERSATION,
    sort: [number("sequence")],
    decode: of(CardRow),
  },
  {
    spec: CONVERSATION_CARD_PART,
    partition: OF_CONVERSATION,
    sort: [number("sequence"), USER],
    decode: of(Card),
  },
  {
    spec: CONVERSATION_CARD_ACTION,
    partition: OF_CONVERSATION,
    sort: [number("sequence"), USER],
    decode: of(CardAction),
  },
  { spec: CONVERSATION_PIN, partition: OF_CONVERSATION, sort: [number("sequence")], decode: of(PinRow) },
  {
    spec: CONVERSATION_JOIN_REQUEST,
    partition: OF_CONVERSATION,
    sort: [USER],
    decode: of(JoinRequestRow),
  },
  {
    spec: CONVERSATION_MEMBER_CHANGE,
    partition: OF_CONVERSATION,
    sort: [number("revision")],
    decode: of(MemberChangeRow),
  },
  {
    spec: CONVERSATION_SEND,
    partition: OF_CONVERSATION,
    sort: [USER, text("device"), number("slot")],
    decode: of(SendRow),
  },
  { spec: CONVERSATION_EVENT, partition: OF_CONVERSATION, sort: [number("pts")], decode: of(TopicRow) },
  {
    spec: CONVERSATION_MODULE_EVENT,
    partition: OF_CONVERSATION,
    sort: [text("module"), text("id")],
    decode: of(GivenRow),
  },
  {
    spec: CONVERSATION_MODULE_NEWEST,
    partition: OF_CONVERSATION,
    sort: [text("module"), text("key")],
    decode: of(NewestRow),
  },
  {
    spec: REVIEW_PENDING,
    partition: [number("shard")],
    sort: [TENANT, CONVERSATION],
    decode: of(ReviewRow),
  },
  { spec: USER_HEAD, partition: OF_USER, sort: [], decode: of(UserHeadRow) },
  { spec: SYNC_QUEUE, partition: OF_USER, sort: [number("pts")], decode: of(Event) },
  { spec: CONVERSATION_INBOX, partition: OF_USER, sort: [CONVERSATION], decode: of(ConversationEntry) },
  {
    spec: MESSAGE_INBOX,
    partition: OF_USER,
    sort: [CONVERSATION, number("sequence")],
    decode: () => null,
  },
  {
    spec: MENTION,
    partition: OF_USER,
    sort: [number("time"), CONVERSATION, number("sequence")],
    decode: () => null,
  },
  { spec: MODULE_EVENT, partition: OF_USER, sort: [text("module"), text("id")], decode: of(GivenRow) },
  { spec: MODULE_NEWEST, partition: OF_USER, sort: [text("module"), text("key")], decode: of(NewestRow) },
  { spec: NOTIFY_PENDING, partition: OF_USER, sort: [text("key")], decode: of(PendingRow) },
  { spec: NOTIFY_EVERYTHING, partition: OF_USER, sort: [CONVERSATION], decode: () => null },
  { spec: NOTIFY_DEAD, partition: [text("name")], sort: [text("letter")], decode: of(DeadLetterRow) },
  {
    spec: PUSH_KEY,
    partition: [text("name")],
    sort: [],
    decode: (value) => ({ key: new TextDecoder().decode(value) }),
    secretFields: ["key"],
  },
  { spec: USER_SETTINGS, partition: OF_USER, sort: [], decode: of(DoNotDisturb) },
  {
    spec: PUSH_TARGET,
    partition: OF_USER,
    sort: [text("session")],
    decode: of(PushTargetRow),
    secretFields: ["token", "endpoint", "publicKey", "authSecret"],
  },
  { spec: DEVICE, partition: OF_USER, sort: [text("device")], decode: of(DeviceRow) },
  { spec: MEDIA, partition: OF_MEDIA, sort: [], decode: of(MediaRow) },
  {
    spec: MEDIA_REFERENCE,
    partition: OF_MEDIA,
    sort: [CONVERSATION, text("message")],
    decode: of(ReferenceRow),
  },
  { spec: LINK_PREVIEW, partition: [TENANT, text("hash")], sort: [], decode: of(PreviewRow) },
  { spec: MEDIA_UPLOAD, partition: OF_USER, sort: [text("media")], decode: of(UploadRow) },
  { spec: CHECKPOINT, partition: [text("log")], sort: [], decode: of(CheckpointRow) },
  {
    spec: INSTALLATION,
    partition: [text("name")],
    sort: [{ ...text("part"), isOptional: true }],
    decode: textOf,
  },
  {
    spec: INDEX_STATE,
    partition: [text("table")],
    sort: [text("index")],
    decode: (value) => JSON.parse(textOf(value)) as unknown,
  },
];

/** The tables of the engine in which rows expire, those of blocks among them. */
export function expiringTables(): readonly TableSpec[] {
  const expiring = TABLES.flatMap(({ spec }) => (spec.hasExpiry === true ? [spec] : []));
  return expiring.flatMap((spec) => (spec.isPacked === true ? [spec, blockTableOf(spec)] : [spec]));
}

export function findTable(name: string): KnownTable | undefined {
  return TABLES.find(({ spec }) => spec.name === name);
}

/** What is wrong with a key, or with the beginning of one; undefined when nothing is. */
export function keyProblem(fields: readonly KeyField[], key: Key, isWhole: boolean): string | undefined {
  const partsMin = isWhole ? fields.filter(({ isOptional }) => isOptional !== true).length : 0;
  const isRight =
    key.length >= partsMin &&
    key.length <= fields.length &&
    key.every((part, index) => isPart(fields[index]!, part));
  return isRight ? undefined : `is ${shapeOf(fields)}${isWhole ? "" : " or its beginning"}`;
}

/** As a person would write the key: ["tenant","user"], with numbers bare. */
export function shapeOf(fields: readonly KeyField[]): string {
  return `[${fields.map(({ name, type }) => (type === "text" ? `"${name}"` : name)).join(",")}]`;
}

function isPart({ type }: KeyField, part: Key[number]): boolean {
  if (type === "number") return typeof part === "number";
  // Nobody has an empty name, and one would name nobody's key.
  return typeof part === "string" && part !== "";
}

function text(name: string): KeyField {
  return { name, type: "text" };
}

function number(name: string): KeyField {
  return { name, type: "number" };
}

function of<T extends object>(schema: Schema<T>): (value: Uint8Array) => unknown {
  return (value) => decode(schema, value);
}

function textOf(value: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(value);
}
