/** Every table of an installation, for tools: what its keys are, what its values say, and what of it nobody is shown. */
import { ACCOUNT, AccountRow, SESSION, SessionRow, TOKEN, TokenRow } from "@parley/api";
import { HeadRow, MemberRow, SendRow, UserHeadRow } from "@parley/domain";
import {
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  CONVERSATION_SEND,
} from "@parley/message";
import { ConversationEntry, Edit, Event, Message, type Schema, decode } from "@parley/protocol";
import { CONVERSATION_INBOX, DEVICE, DeviceRow, MESSAGE_INBOX, SYNC_QUEUE, USER_HEAD } from "@parley/sync";
import { INDEX_STATE, type Key, type TableSpec } from "@parley/tables";
import { CHECKPOINT, CheckpointRow } from "../checkpoint.js";
import { INSTALLATION } from "../epoch.js";

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
    spec: CONVERSATION_SEND,
    partition: OF_CONVERSATION,
    sort: [USER, text("device"), number("slot")],
    decode: of(SendRow),
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
  { spec: DEVICE, partition: OF_USER, sort: [text("device")], decode: of(DeviceRow) },
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
