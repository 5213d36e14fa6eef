/** What is said of who is there and who types. */
import type { UserPresence } from "@parley/client";
import type { Strings } from "../language/english.js";
import type { TimeLabels } from "../time/time-labels.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As long as hours are counted. */
const HOURS_MS_MAX = 12 * HOUR_MS;
/** Names that are said; more are counted. */
const NAMES_MAX = 2;

/** "Online", "Last seen 10 min ago"; empty when nothing is known. The clocks of server and device may differ. */
export function presenceText(
  { state, sinceMs }: UserPresence,
  { words, ...strings }: Strings["presence"],
  times: Pick<TimeLabels, "short">,
  nowMs: number,
): string {
  if (state === "unknown") return "";
  if (state !== "offline" || sinceMs === 0) return words[state];
  const agoMs = Math.max(0, nowMs - sinceMs);
  if (agoMs < MINUTE_MS) return strings.seenNow;
  if (agoMs < HOUR_MS) return strings.seenMinutes(Math.floor(agoMs / MINUTE_MS));
  if (agoMs < HOURS_MS_MAX) return strings.seenHours(Math.floor(agoMs / HOUR_MS));
  return strings.seenAt(times.short(sinceMs, nowMs));
}

/** "Ann is typing…"; empty when nobody is. */
export function typingText(names: readonly string[], strings: Strings["presence"]): string {
  const [first, second] = names;
  if (first === undefined) return "";
  if (second === undefined) return strings.typesOne(first);
  return names.length > NAMES_MAX ? strings.typeMany(names.length) : strings.typeTwo(first, second);
}
