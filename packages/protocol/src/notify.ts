/** What a user is notified of, and where: settings that all devices share, and the push target of each. */
import { type Infer, bool, bytes, list, nested, schema, string, uint, uints } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";

/** Of a conversation: every message, those that mention me, or nothing. */
export type NotifyLevel = "all" | "mentions" | "none";
export const NOTIFY_LEVELS: readonly NotifyLevel[] = ["all", "mentions", "none"];

/** Some hours of some days. */
export const QuietSpan = schema("QuietSpan", {
  /** The days on which it begins, 0 for Sunday to 6; empty: every day. */
  days: uints(1),
  /** Minutes since midnight, 0 to 1,439. An end at or before the beginning is on the next day. */
  fromMinute: uint(2),
  untilMinute: uint(3),
});
export type QuietSpan = Infer<typeof QuietSpan>;

/** When a user is not to be disturbed. */
export const DoNotDisturb = schema("DoNotDisturb", {
  isOn: bool(1),
  /** Where the user's clock is: a name of the IANA time zone database. */
  timeZone: string(2),
  /** Empty: always, while it is on. */
  spans: list(3, QuietSpan),
  /** Messages that mention the user come through. */
  letsMentionsThrough: bool(4),
});
export type DoNotDisturb = Infer<typeof DoNotDisturb>;

/** My settings changed: those of one conversation, or with `doNotDisturb` those of the user. All of them, as they are now. */
export const NotifySettingsEvent = schema("NotifySettingsEvent", {
  conversationId: string<ConversationId>(1),
  /** A NotifyLevel. */
  level: string(2),
  /** Nothing until then, whatever the level. */
  mutedUntilMs: uint(3),
  doNotDisturb: nested(4, DoNotDisturb),
});
export type NotifySettingsEvent = Infer<typeof NotifySettingsEvent>;

/** Sets what NotifySettingsEvent then tells all of my devices. Answered by Done when it is durable. */
export const SetNotify = schema("SetNotify", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  level: string(3),
  mutedUntilMs: uint(4),
  doNotDisturb: nested(5, DoNotDisturb),
});

/** Asks for my settings; those of a conversation are in its entry of the list. */
export const GetNotify = schema("GetNotify", { requestId: uint(1) });
export const NotifySettings = schema("NotifySettings", {
  requestId: uint(1),
  /** Missing: never set. */
  doNotDisturb: nested(2, DoNotDisturb),
});

/**
 * Where this session's device is notified while it is not connected, instead of what was set before; without a channel:
 * nowhere. Answered by Done when it is durable. It ends with the session.
 */
export const SetPushTarget = schema("SetPushTarget", {
  requestId: uint(1),
  /** "web-push", "apns", "fcm" or "hook". */
  channel: string(2),
  /** Which of the organisation's apps it is; of "web-push" nothing. */
  appId: string(3),
  /** Of all but "web-push": what the platform gave the app. */
  token: string(4),
  /** Of "web-push": the browser's subscription. */
  endpoint: string(5),
  publicKey: bytes(6),
  authSecret: bytes(7),
});
