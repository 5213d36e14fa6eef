/**
 * Who is notified of which message, and what the notification says. Pure: time comes in.
 *
 *   N1  Never of one's own messages, of signals, of notices, of what was recalled, nor of what is read or hidden already.
 *   N2  Never while the conversation is muted; beyond that as its level says. Where nobody set one it is every message, and of a
 *       large group those that mention the user.
 *   N3  Not while the user is not to be disturbed, except by mentions when the user lets them through.
 *   N4  It shows no more than the organisation's policy lets it.
 */
import {
  type ConversationEntry,
  type DoNotDisturb,
  type Message,
  type UserId,
  directUsers,
  isSignal,
  mentionsUser,
  plainText,
} from "@parley/protocol";

/** How much of a message a notification shows to whoever looks at the screen, and to the push service. */
export type NotifyPreview = "full" | "sender" | "none";

export interface NotifyWords {
  readonly title: string;
  readonly text: string;
}

/** Letters of a message that a notification shows: two lines. */
export const PREVIEW_LETTERS_MAX = 200;
const MINUTES_PER_DAY = 24 * 60;

/** What of an entry the rules look at. */
export type NotifiedEntry = Pick<
  ConversationEntry,
  "unreadRanges" | "isMember" | "isShared" | "notifyLevel" | "mutedUntilMs" | "conversationId"
>;

/** Why user `self` is to be notified of a message, undisturbed or not; undefined: it is not (N1, N2). */
export function whyNotify(
  message: Message,
  entry: NotifiedEntry,
  self: UserId,
  nowMs: number,
): "mention" | "message" | undefined {
  const { senderId, isCountable, recall, body, sequence } = message;
  if (senderId === self || !isCountable || recall !== undefined || isSignal(body)) return undefined;
  if (!entry.isMember || !isUnread(entry.unreadRanges, sequence) || isMuted(entry, nowMs)) return undefined;
  if (mentionsUser(body, self)) return "mention";
  return isOfMentionsOnly(entry) ? undefined : "message";
}

/** Whether only what mentions the user is notified of a conversation, if anything. */
export function isOfMentionsOnly({
  notifyLevel,
  isShared,
}: Pick<ConversationEntry, "notifyLevel" | "isShared">): boolean {
  return notifyLevel === "mentions" || (notifyLevel === "" && isShared);
}

/** Whether nothing at all of a conversation is notified. */
export function isMuted(
  entry: Pick<ConversationEntry, "notifyLevel" | "mutedUntilMs">,
  nowMs: number,
): boolean {
  return entry.notifyLevel === "none" || entry.mutedUntilMs > nowMs;
}

/** Whether the user is not to be disturbed at this time (N3). A time zone that is not known counts as UTC. */
export function isQuiet(doNotDisturb: DoNotDisturb | undefined, nowMs: number): boolean {
  if (doNotDisturb === undefined || !doNotDisturb.isOn) return false;
  const { spans, timeZone } = doNotDisturb;
  if (spans.length === 0) return true;
  const { day, minute } = localTime(nowMs, isTimeZone(timeZone) ? timeZone : "UTC");
  return spans.some(({ days, fromMinute, untilMinute }) => {
    const beginsOn = (weekday: number): boolean => days.length === 0 || days.includes(weekday);
    if (fromMinute < untilMinute) return beginsOn(day) && minute >= fromMinute && minute < untilMinute;
    // Over midnight: the evening of its day, and the morning after.
    return (beginsOn(day) && minute >= fromMinute) || (beginsOn((day + 6) % 7) && minute < untilMinute);
  });
}

/** Whether this machine's time zone database has the name. */
export function isTimeZone(name: string): boolean {
  try {
    return name !== "" && new Intl.DateTimeFormat("en-US", { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    // That is how it says so.
    return false;
  }
}

/** What a notification says (N4). `senderName` is that of the message's sender. */
export function notifyWords(
  message: Message,
  {
    title,
    senderName,
    preview,
  }: { readonly title: string; readonly senderName: string; readonly preview: NotifyPreview },
): NotifyWords {
  if (preview === "none") return { title: "", text: "" };
  const isDirect = directUsers(message.conversationId) !== undefined;
  const said = preview === "full" ? shortened(plainText(message.body)) : "";
  if (isDirect) return { title: senderName, text: said };
  return {
    title: title === "" ? senderName : title,
    text: said === "" ? senderName : `${senderName}: ${said}`,
  };
}

/** What the app's icon shows, of entries that name their unread messages: those of conversations that are not muted. */
export function badgeOf(
  entries: Iterable<Pick<ConversationEntry, "unread" | "isMember" | "notifyLevel" | "mutedUntilMs">>,
  nowMs: number,
): number {
  let unread = 0;
  for (const entry of entries) if (entry.isMember && !isMuted(entry, nowMs)) unread += entry.unread;
  return unread;
}

function isUnread(ranges: readonly number[], sequence: number): boolean {
  for (let index = 0; index < ranges.length; index += 2)
    if (sequence >= ranges[index]! && sequence <= ranges[index + 1]!) return true;
  return false;
}

/** The weekday, 0 for Sunday, and the minute since midnight, on a clock there. */
function localTime(nowMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  }).formatToParts(nowMs);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  const day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(part("weekday"));
  return { day, minute: (Number(part("hour")) * 60 + Number(part("minute"))) % MINUTES_PER_DAY };
}

/** On one line, and not in the middle of a letter. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  const letters = Array.from(line.slice(0, PREVIEW_LETTERS_MAX * 2 + 2));
  return letters.length <= PREVIEW_LETTERS_MAX
    ? line
    : `${letters.slice(0, PREVIEW_LETTERS_MAX - 1).join("")}…`;
}
