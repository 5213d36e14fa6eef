/** Times as people say them, in the language and zone of the reader. */

const DAY_MS = 24 * 60 * 60 * 1000;
/** Days begin at a multiple of this, in every time zone of today. */
const QUARTER_MS = 15 * 60 * 1000;
/** Within this many days the name of the weekday is clear. */
const WEEKDAY_DAYS_MAX = 6;

export interface TimeWords {
  readonly locale: string;
  readonly today: string;
  readonly yesterday: string;
}

export interface TimeLabels {
  /** "14:05" */
  clock(timeMs: number): string;
  /** "Today", "Yesterday", "Monday", or the date. */
  day(timeMs: number, nowMs: number): string;
  /** The shortest that is clear: the clock today, else the day. */
  short(timeMs: number, nowMs: number): string;
  /** Date and clock. */
  full(timeMs: number): string;
  /** Equal for two times of the same day and for no others; grows with time. */
  dayNumber(timeMs: number): number;
}

/** Labels for one language; `timeZone` is the reader's own when it is left out. */
export function createTimeLabels(words: TimeWords, timeZone?: string): TimeLabels {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(words.locale, { ...options, ...(timeZone === undefined ? {} : { timeZone }) });
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const weekday = format({ weekday: "long" });
  const date = format({ month: "long", day: "numeric" });
  const dateWithYear = format({ year: "numeric", month: "long", day: "numeric" });
  const shortDate = format({ year: "numeric", month: "numeric", day: "numeric" });
  const full = format({ dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  const countDays = (timeMs: number): number => Date.parse(`${parts.format(timeMs)}T00:00:00Z`) / DAY_MS;
  // A list of messages asks for each of them, mostly from the same quarter of an hour.
  let known = { quarter: NaN, day: NaN };
  const dayNumber = (timeMs: number): number => {
    const quarter = Math.floor(timeMs / QUARTER_MS);
    if (quarter !== known.quarter) known = { quarter, day: countDays(timeMs) };
    return known.day;
  };
  const near = (timeMs: number, nowMs: number): string | undefined => {
    const days = dayNumber(nowMs) - dayNumber(timeMs);
    if (days === 0) return words.today;
    if (days === 1) return words.yesterday;
    return days > 1 && days <= WEEKDAY_DAYS_MAX ? weekday.format(timeMs) : undefined;
  };
  const isSameYear = (timeMs: number, nowMs: number): boolean =>
    parts.format(timeMs).slice(0, 4) === parts.format(nowMs).slice(0, 4);
  return {
    clock: (timeMs) => clock.format(timeMs),
    day: (timeMs, nowMs) =>
      near(timeMs, nowMs) ?? (isSameYear(timeMs, nowMs) ? date : dateWithYear).format(timeMs),
    short: (timeMs, nowMs) =>
      dayNumber(timeMs) === dayNumber(nowMs)
        ? clock.format(timeMs)
        : (near(timeMs, nowMs) ?? shortDate.format(timeMs)),
    full: (timeMs) => full.format(timeMs),
    dayNumber,
  };
}
