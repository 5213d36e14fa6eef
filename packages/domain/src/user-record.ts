/** Records of the user log: everything that changes what single users see. Fields are only ever added. */
import {
  type ConversationId,
  NotifySettingsEvent,
  type Infer,
  type TenantId,
  type UserId,
  bool,
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
  /** An encoded Event. */
  event: bytes(2),
});
export type Spread = Infer<typeof Spread>;

/** A user deletes messages for itself. */
export const HideRecord = schema("HideRecord", {
  userId: string<UserId>(1),
  conversationId: string<ConversationId>(2),
  sequences: uints(3),
  /** Of a large group, whose entry here does not know: what the user sees of it. */
  firstVisible: uint(4),
  lastSequence: uint(5),
});

/** A user sets what it is notified of. */
export const SettingsRecord = schema("SettingsRecord", {
  userId: string<UserId>(1),
  settings: nested(2, NotifySettingsEvent),
});

/** A user pins a conversation in its list, or unpins it. */
export const PinRecord = schema("PinRecord", {
  userId: string<UserId>(1),
  conversationId: string<ConversationId>(2),
  isPinned: bool(3),
});

/** Either `spreads`, applied in order, or `hide`, or `settings`, or `pin`. */
export const UserRecord = schema("UserRecord", {
  tenantId: string<TenantId>(1),
  timeMs: uint(2),
  spreads: list(3, Spread),
  hide: nested(4, HideRecord),
  settings: nested(5, SettingsRecord),
  pin: nested(6, PinRecord),
});
export type UserRecord = Infer<typeof UserRecord>;
