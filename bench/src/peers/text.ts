/** The texts of the load: a number in ten digits, then filler. */
import { TEXT_DIGITS } from "../load/scan.js";

/** 200 bytes, as `direct` and `group` have it; the same for all systems, so it is no option. */
export const TEXT_BYTES = 200;

const ZERO = 48;
const NINE = 57;
const FILLER = 120;

const text = Buffer.alloc(TEXT_BYTES, FILLER);

/** The text of a number. The same bytes for all calls, good until the next one: nothing is allocated for a message. */
export function textOf(number: number): Buffer {
  let rest = number;
  for (let index = TEXT_DIGITS - 1; index >= 0; index--) {
    text[index] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return text;
}

/** The number of the text in a part of `bytes`; -1 when it is none of the load. */
export function numberIn(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < TEXT_DIGITS) return -1;
  let value = 0;
  for (let index = start; index < start + TEXT_DIGITS; index++) {
    const code = bytes[index]!;
    if (code < ZERO || code > NINE) return -1;
    value = value * 10 + code - ZERO;
  }
  return value;
}

/** Whether a part of `bytes` is as long as a text and ends as one. */
export function isWholeText(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === TEXT_BYTES && bytes[end - 1] === FILLER;
}
