/** What a notification says, from what is stored at the time when it goes out. */
import type { Ambient } from "@parley/base";
import type { AccountCalls, NotifySource, UserKey } from "@parley/contracts";
import { createHash } from "node:crypto";
import { badgeOf, isMuted, isQuiet, notifyWords, whyNotify } from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  decode,
  Event,
  type Message,
  type TenantId,
} from "@parley/protocol";
import type { Notification } from "./channels/channel.js";
import type { TenantPush } from "./credentials.js";
import type { ModulePush } from "./module-push.js";
import { eventsOf, newestPts, type Pending, type PendingEvent } from "./pending.js";

/** Undefined: the rules forbid it, or there is nothing to be told any more. "later": others come first. */
export type Composed = Notification | "later" | undefined;

export interface ComposingParts {
  readonly ambient: Ambient;
  readonly source: NotifySource;
  readonly accounts: Pick<AccountCalls, "findUsers">;
  readonly tenantPush: (tenantId: TenantId) => TenantPush | undefined;
  readonly modulePushOf?: (event: Uint8Array) => ModulePush | undefined;
}

/** Entries of the list that the badge counts. */
const BADGE_ENTRIES_MAX = 1_000;
/** Large groups among them that it counts, and messages of each. */
const BADGE_GROUPS_MAX = 50;
const BADGE_GROUP_MESSAGES_MAX = 100;
/** A message is worth telling for a day, a withdrawal for a week: the device may be off for that long. */
const ALERT_TTL_SECONDS = 24 * 60 * 60;
const WITHDRAWAL_TTL_SECONDS = 7 * 24 * 60 * 60;
/** When the policy shows nothing: a title is what makes a notification. */
const TITLE_OF_NONE = "Parley";
const ID_LETTERS = 22;
const NO_BYTES = new Uint8Array(0);

/** Of the newest message of a conversation that is to be told. */
export async function composeAlert(
  parts: ComposingParts,
  pending: Pending,
  conversationId: ConversationId,
): Promise<Composed> {
  const { source, ambient, accounts, tenantPush } = parts;
  const { tenantId } = pending;
  const [entry, doNotDisturb] = await Promise.all([
    source.entry(pending, conversationId),
    source.doNotDisturb(pending),
  ]);
  if (entry === undefined) return undefined;
  const nowMs = ambient.clock.nowMs();
  const isOnlyMentions = isQuiet(doNotDisturb, nowMs);
  if (isOnlyMentions && doNotDisturb?.letsMentionsThrough !== true) return undefined;
  const message = await newestAllowed(source, pending, { entry, nowMs, isOnlyMentions });
  if (message === undefined) return undefined;
  const [sender] = await accounts.findUsers(tenantId, [message.senderId]);
  const isLow = sender?.isSystem === true;
  if (isLow && !pending.isLow) return "later";
  const senderName = sender?.name ?? message.senderId;
  const preview = tenantPush(tenantId)?.preview ?? "full";
  const words = notifyWords(message, { title: entry.title, senderName, preview });
  return {
    id: idOf(pending),
    kind: "alert",
    collapseKey: conversationId,
    title: words.title === "" ? TITLE_OF_NONE : words.title,
    text: words.text,
    badge: await badge(parts, pending),
    urgency: isLow ? "low" : "high",
    ttlSeconds: ALERT_TTL_SECONDS,
    conversationId,
    data: NO_BYTES,
  };
}

/** Takes away what devices show of a conversation. */
export async function composeWithdrawal(
  parts: ComposingParts,
  pending: Pending,
  conversationId: ConversationId,
): Promise<Composed> {
  return {
    id: idOf(pending),
    kind: "withdraw",
    collapseKey: conversationId,
    title: "",
    text: "",
    badge: await badge(parts, pending),
    urgency: "normal",
    ttlSeconds: WITHDRAWAL_TTL_SECONDS,
    conversationId,
    data: NO_BYTES,
  };
}

/** What a module asked for. Alerts respect do-not-disturb; what shows nothing disturbs nobody. */
export async function composeModule(parts: ComposingParts, pending: Pending): Promise<Composed> {
  const { source, ambient } = parts;
  const bytes = await source.event(pending, newestPts(pending.row));
  const module = bytes && parts.modulePushOf?.(bytes);
  if (module === undefined || module.push === "none") return undefined;
  const isAlert = module.push === "alert";
  if (isAlert && isQuiet(await source.doNotDisturb(pending), ambient.clock.nowMs())) return undefined;
  return {
    id: idOf(pending),
    kind: module.push,
    collapseKey: module.collapseKey === "" ? idOf(pending) : module.collapseKey,
    title: isAlert ? module.title : "",
    text: isAlert ? module.text : "",
    badge: await badge(parts, pending),
    urgency: isAlert ? "high" : "normal",
    ttlSeconds: ALERT_TTL_SECONDS,
    conversationId: "",
    data: module.data,
  };
}

/** Of a large group what its level lets through counts. That of the row comes first, in case there are too many. */
async function badge({ source, ambient }: ComposingParts, user: Pending): Promise<number> {
  const nowMs = ambient.clock.nowMs();
  const entries = await source.entries(user, BADGE_ENTRIES_MAX);
  const groups = entries
    .filter((entry) => entry.isShared && entry.isMember && !isMuted(entry, nowMs))
    .toSorted(
      (one, other) => Number(other.conversationId === user.key) - Number(one.conversationId === user.key),
    )
    .slice(0, BADGE_GROUPS_MAX);
  const counts = await Promise.all(
    groups.map((entry) => source.countUnread(user, entry, BADGE_GROUP_MESSAGES_MAX)),
  );
  const small = entries.filter((entry) => !entry.isShared);
  return counts.reduce((sum, count) => sum + count, badgeOf(small, nowMs));
}

/** The newest message of the row that the rules allow, as it is now as far as the list knows: it may have been edited since. */
async function newestAllowed(
  source: NotifySource,
  pending: Pending,
  rules: { readonly entry: ConversationEntry; readonly nowMs: number; readonly isOnlyMentions: boolean },
): Promise<Message | undefined> {
  const { entry, nowMs, isOnlyMentions } = rules;
  for (const event of eventsOf(pending.row).toReversed()) {
    const message = await messageAt(source, pending, entry, event);
    if (message === undefined) continue;
    const why = whyNotify(message, entry, pending.userId, nowMs);
    if (why === "mention" || (why === "message" && !isOnlyMentions)) return message;
  }
  return undefined;
}

async function messageAt(
  source: NotifySource,
  user: UserKey,
  { lastMessage, isShared, conversationId }: ConversationEntry,
  { pts, sequence }: PendingEvent,
): Promise<Message | undefined> {
  if (isShared) return source.message(user, conversationId, sequence);
  if (lastMessage?.sequence === sequence) return lastMessage;
  const bytes = await source.event(user, pts);
  // A queue keeps so many events, and a try may come an hour later.
  return bytes === undefined ? source.message(user, conversationId, sequence) : decode(Event, bytes).message;
}

/** The same for the same notification, also after a crash. */
function idOf({ tenantId, userId, key, row }: Pending): string {
  const { shownSequence, isWithdrawn } = row;
  const name = JSON.stringify([tenantId, userId, key, newestPts(row), isWithdrawn ? shownSequence : 0]);
  return createHash("sha256").update(name).digest("base64url").slice(0, ID_LETTERS);
}
