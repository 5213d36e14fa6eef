/** What the form of do-not-disturb shows: one span of the week. */
import type { DoNotDisturb } from "@parley/protocol";

const MINUTES_PER_HOUR = 60;
const ALL_DAYS: readonly number[] = [0, 1, 2, 3, 4, 5, 6];
/** In the evening until the morning, as long as nobody says another thing. */
const FROM_MINUTE = 22 * MINUTES_PER_HOUR;
const UNTIL_MINUTE = 7 * MINUTES_PER_HOUR;

export interface QuietForm {
  readonly isOn: boolean;
  /** As fields for a time have it: "22:00". */
  readonly from: string;
  readonly until: string;
  /** 0 for Sunday. */
  readonly days: readonly number[];
  readonly letsMentionsThrough: boolean;
}

/** The form of what is set; of several spans the first. */
export function formOf(doNotDisturb: DoNotDisturb | undefined): QuietForm {
  const [span] = doNotDisturb?.spans ?? [];
  const isAlways = doNotDisturb !== undefined && span === undefined;
  return {
    isOn: doNotDisturb?.isOn ?? false,
    from: clockOf(isAlways ? 0 : (span?.fromMinute ?? FROM_MINUTE)),
    until: clockOf(isAlways ? 0 : (span?.untilMinute ?? UNTIL_MINUTE)),
    days: span === undefined || span.days.length === 0 ? ALL_DAYS : span.days,
    letsMentionsThrough: doNotDisturb?.letsMentionsThrough ?? false,
  };
}

/** What is set by the form. */
export function quietOf(form: QuietForm, timeZone: string): DoNotDisturb {
  const { isOn, from, until, days, letsMentionsThrough } = form;
  const span = {
    days: days.length === ALL_DAYS.length ? [] : days.toSorted((one, other) => one - other),
    fromMinute: minuteOf(from),
    untilMinute: minuteOf(until),
  };
  return { isOn, timeZone, spans: [span], letsMentionsThrough };
}

function clockOf(minute: number): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / MINUTES_PER_HOUR))}:${two(minute % MINUTES_PER_HOUR)}`;
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * MINUTES_PER_HOUR + minutes;
}
