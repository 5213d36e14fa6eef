/** What is said of who is there and who types. */
import type { UserPresence } from "@parley/client";
import type { TimeLabels } from "../time/time-labels.js";
import type { PresenceWords } from "./presence-words.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As long as hours are counted. */
const HOURS_MS_MAX = 12 * HOUR_MS;
/** Names that are said; more are counted. */
const NAMES_MAX = 2;

/** "Online", "Last seen 10 min ago"; empty when nothing is known. The clocks of server and device may differ. */
export function presenceText(
  { state, sinceMs }: UserPresence,
  words: PresenceWords,
  times: Pick<TimeLabels, "short">,
  nowMs: number,
): string {
  if (state === "unknown") return "";
  if (state !== "offline" || sinceMs === 0) return words.states[state];
  const agoMs = Math.max(0, nowMs - sinceMs);
  if (agoMs < MINUTE_MS) return words.seenNow;
  if (agoMs < HOUR_MS) return words.seenMinutes(Math.floor(agoMs / MINUTE_MS));
  if (agoMs < HOURS_MS_MAX) return words.seenHours(Math.floor(agoMs / HOUR_MS));
  return words.seenAt(times.short(sinceMs, nowMs));
}

/** "Ann is typing…"; empty when nobody is. */
export function typingText(names: readonly string[], words: PresenceWords): string {
  const [first, second] = names;
  if (first === undefined) return "";
  if (second === undefined) return words.typesOne(first);
  return names.length > NAMES_MAX ? words.typeMany(names.length) : words.typeTwo(first, second);
}
