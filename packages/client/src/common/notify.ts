import {
  type ConversationEntry,
  type ConversationId,
  type DoNotDisturb,
  type Init,
  NOTIFY_LEVELS,
  type NotifyLevel,
} from "@parley/protocol";
import type { Loaders } from "./loaders.js";
import type { Requests } from "./requests.js";

/** A browser's subscription, as `PushSubscription.toJSON()` has it. */
export interface WebPushSubscription {
  readonly endpoint: string;
  readonly publicKey: Uint8Array;
  readonly authSecret: Uint8Array;
}

/** How this device is notified while it is not connected. */
export type PushTarget =
  | { readonly channel: "web-push"; readonly subscription: WebPushSubscription }
  | { readonly channel: "apns" | "fcm" | "hook"; readonly appId: string; readonly token: string };

/** What one is notified of in a conversation. */
export interface ConversationNotify {
  readonly level: NotifyLevel;
  /** Nothing until then; 0: not muted. */
  readonly mutedUntilMs: number;
}

/**
 * What the user is notified of, on all devices, and where this one is. What is set is durable when it resolves.
 * Errors: "bad-request", "not-a-member", and those of `Requests.call`.
 */
export interface NotifyClient {
  /** Sets one conversation; what is left out stays. `isMuted` true mutes it for good. */
  setConversation(
    conversationId: ConversationId,
    change: { readonly level?: NotifyLevel; readonly mutedUntilMs?: number; readonly isMuted?: boolean },
  ): Promise<void>;
  /** Of a conversation, from the list in memory. */
  conversation(conversationId: ConversationId): ConversationNotify;
  /** When the user is not to be disturbed. */
  setDoNotDisturb(doNotDisturb: Init<DoNotDisturb>): Promise<void>;
  /** As the server has it; undefined: never set. The "notifySettings" event tells when another device sets it. */
  getDoNotDisturb(): Promise<DoNotDisturb | undefined>;
  /** Where this device is notified, until its session ends; undefined: nowhere. */
  setPushTarget(target: PushTarget | undefined): Promise<void>;
}

/** What an entry says of notifications. Where nobody set a level it is "all", and in a large group "mentions". */
export function conversationNotify(
  entry: Pick<ConversationEntry, "notifyLevel" | "mutedUntilMs" | "isShared"> | undefined,
): ConversationNotify {
  const isOfMentions = entry?.isShared === true && entry.notifyLevel === "";
  // A level of a newer version counts as the one that is told most of.
  const level =
    NOTIFY_LEVELS.find((known) => known === entry?.notifyLevel) ?? (isOfMentions ? "mentions" : "all");
  return { level, mutedUntilMs: entry?.mutedUntilMs ?? 0 };
}

/** The part of the client that is about notifications. */
export function createNotifyClient(
  requests: Requests,
  entryOf: (conversationId: ConversationId) => ConversationEntry | undefined,
  load: Loaders["calls"],
): NotifyClient {
  return {
    conversation: (conversationId) => conversationNotify(entryOf(conversationId)),
    setConversation: async (conversationId, change) =>
      (await load()).setConversationNotify(requests, conversationId, {
        ...change,
        before: entryOf(conversationId),
      }),
    setDoNotDisturb: async (doNotDisturb) => (await load()).setDoNotDisturb(requests, doNotDisturb),
    getDoNotDisturb: async () => (await load()).getDoNotDisturb(requests),
    setPushTarget: async (target) => (await load()).setPushTarget(requests, target),
  };
}
