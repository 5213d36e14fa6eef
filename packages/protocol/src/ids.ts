/**
 * Identifiers. Each is a branded string, so that one kind cannot be passed for another; `parse…` is the only way from
 * input to a brand. The letters allowed exclude "/" and ":", which separate the parts of composed ids.
 */
import { Failure } from "@parley/base";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** An organisation: 1 to 32 of a-z, 0-9 and "-". */
export type TenantId = Branded<"TenantId">;
/** A person or account within a tenant: 1 to 64 visible ASCII characters other than "/", ":", "~", "%" and quotes. */
export type UserId = Branded<"UserId">;
/** One login of a user, made by the client and kept in its store: 1 to 64 of letters, digits, "-", "_" and ".". */
export type DeviceId = Branded<"DeviceId">;
/** "d:" and the two user ids in byte order joined by ":", or "g:" and 1 to 64 of letters, digits, "-", "_" and ".". */
export type ConversationId = Branded<"ConversationId">;
/** A ULID given by the server: unique everywhere, for ever. */
export type MessageId = Branded<"MessageId">;
/** Given by the sending client: 1 to 64 of letters, digits, "-", "_" and ".", never used twice by one device. */
export type ClientMessageId = Branded<"ClientMessageId">;
/** An uploaded file, named by the server: 32 of 0-9 and a-f, unique everywhere and not to be guessed. */
export type MediaId = Branded<"MediaId">;
/** A business module: 1 to 32 of a-z, 0-9 and "-". */
export type ModuleName = Branded<"ModuleName">;
/** One authenticated login on the server. */
export type SessionId = Branded<"SessionId">;

type Parser<Id> = (text: string) => Id;

const TENANT = /^[a-z0-9-]{1,32}$/;
const USER = /^[A-Za-z0-9!#$&()*+,\-.;<=>?@[\\\]^_`{|}]{1,64}$/;
const TOKEN = /^[A-Za-z0-9._-]{1,64}$/;
const MEDIA = /^[0-9a-f]{32}$/;
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

function parser<Id extends string>(what: string, rule: string, pattern: RegExp): Parser<Id> {
  return (text) => {
    if (!pattern.test(text))
      throw new Failure("bad-request", `The ${what} must be ${rule}.`, { retry: "after-change" });
    return text as Id;
  };
}

export const parseTenantId = parser<TenantId>("tenant id", '1 to 32 of a-z, 0-9 and "-"', TENANT);
export const parseUserId = parser<UserId>(
  "user id",
  'visible ASCII without "/", ":", "~", "%" or quotes, at most 64',
  USER,
);
export const parseDeviceId = parser<DeviceId>("device id", "1 to 64 letters, digits, dots and dashes", TOKEN);
export const parseClientMessageId = parser<ClientMessageId>(
  "client message id",
  "1 to 64 letters, digits, dots and dashes",
  TOKEN,
);
export const parseModuleName = parser<ModuleName>("module", '1 to 32 of a-z, 0-9 and "-"', TENANT);
export const parseMediaId = parser<MediaId>("media id", "32 of 0-9 and a-f", MEDIA);
export const parseMessageId = parser<MessageId>("message id", "a ULID", ULID);

/** Parses either form and checks that a direct conversation's users are in order. Errors: "bad-request". */
export function parseConversationId(text: string): ConversationId {
  const parts = text.split(":");
  const isGroup = parts.length === 2 && parts[0] === "g" && TOKEN.test(parts[1]!);
  const isDirect =
    parts.length === 3 &&
    parts[0] === "d" &&
    USER.test(parts[1]!) &&
    USER.test(parts[2]!) &&
    parts[1]! < parts[2]!;
  if (!isGroup && !isDirect) {
    throw new Failure(
      "bad-request",
      'The conversation id must be "g:<name>" or "d:<user>:<user>" with the users in order.',
      {
        retry: "after-change",
      },
    );
  }
  return text as ConversationId;
}

/** The direct conversation of two different users, the same whoever asks. */
export function directConversationId(one: UserId, other: UserId): ConversationId {
  return (one < other ? `d:${one}:${other}` : `d:${other}:${one}`) as ConversationId;
}

/** A group's id from its name part. Errors: "bad-request". */
export function groupConversationId(name: string): ConversationId {
  return parseConversationId(`g:${name}`);
}

/** The two users of a direct conversation, or undefined for a group. */
export function directUsers(conversationId: ConversationId): readonly [UserId, UserId] | undefined {
  const parts = conversationId.split(":");
  return parts[0] === "d" ? [parts[1] as UserId, parts[2] as UserId] : undefined;
}
