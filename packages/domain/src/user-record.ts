/** Records of the user log: everything that changes what single users see. Fields are only ever added. */
import {
  type ConversationId,
  type Infer,
  type TenantId,
  type UserId,
  bytes,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
  uints,
} from "@parley/protocol";

/** One event for many users: encoded once, stored once in the log. */
export const Spread = schema("Spread", {
  userIds: strings<UserId>(1),
  /** An encoded Event when `module` is empty; otherwise opaque. */
  event: bytes(2),
  /** The business module that published it; empty for the message service. */
  module: string(3),
});
export type Spread = Infer<typeof Spread>;

/** A user deletes messages for itself. */
export const HideRecord = schema("HideRecord", {
  userId: string<UserId>(1),
  conversationId: string<ConversationId>(2),
  sequences: uints(3),
});

/** Either `spreads`, applied in order, or `hide`. */
export const UserRecord = schema("UserRecord", {
  tenantId: string<TenantId>(1),
  timeMs: uint(2),
  spreads: list(3, Spread),
  hide: nested(4, HideRecord),
});
export type UserRecord = Infer<typeof UserRecord>;
