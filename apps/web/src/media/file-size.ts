/** How long a file is, as people say it. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
const STEP = 1000;
/** What rounds to more than 999 is said in the next unit. */
const NEXT_UNIT_FROM = 999.5;

/** "820 byte", "1.2 MB", in the words of the language. */
export function fileSize(bytes: number, locale: string): string {
  let unit = 0;
  let count = bytes;
  while (count >= NEXT_UNIT_FROM && unit < UNITS.length - 1) {
    count /= STEP;
    unit += 1;
  }
  const options: Intl.NumberFormatOptions = {
    style: "unit",
    unit: UNITS[unit]!,
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: count < 10 && unit > 0 ? 1 : 0,
  };
  return new Intl.NumberFormat(locale, options).format(count);
}

/** "0:07", "12:05", "1:02:03"; empty when it is not known. */
export function durationText(durationMs: number): string {
  if (durationMs <= 0) return "";
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const two = (count: number): string => String(count).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
