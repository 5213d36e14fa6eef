import type { Clock, Random } from "./ports.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODES = Uint8Array.from(ALPHABET, (digit) => digit.charCodeAt(0));
const TIME_CHARACTERS = 10;
const CHANCE_CHARACTERS = 16;

/** Gives a new ULID with each call: 26 characters of Crockford's base 32, larger than every one before it. */
export type UlidSource = () => string;

/**
 * A source of monotonic ULIDs (https://github.com/ulid/spec): 48 bits of time, 80 bits of chance. Within one millisecond,
 * or while the clock stands before the last id's time, the chance part is counted up, so that order holds whatever the
 * clock does. Two sources collide with a probability of about n² / 2^81 for n ids of the same millisecond.
 *
 * Cost: one call to `random` per millisecond, not per id.
 */
export function createUlidSource(clock: Clock, random: Random): UlidSource {
  let lastTimeMs = -1;
  const codes = Array.from({ length: TIME_CHARACTERS + CHANCE_CHARACTERS }, () => 0);
  const chance = new Uint8Array(CHANCE_CHARACTERS);

  return () => {
    const nowMs = clock.nowMs();
    if (nowMs > lastTimeMs) {
      lastTimeMs = nowMs;
      encodeTime(nowMs, codes);
      const fresh = random.bytes(CHANCE_CHARACTERS);
      for (let index = 0; index < CHANCE_CHARACTERS; index++) chance[index] = fresh[index]! & 31;
      // The top bit stays clear so that counting up cannot overflow within one millisecond.
      chance[0]! &= 15;
    } else {
      countUp(chance);
    }
    for (let index = 0; index < CHANCE_CHARACTERS; index++)
      codes[TIME_CHARACTERS + index] = CODES[chance[index]!]!;
    // In one piece: what is put together of strings is flattened when it is first looked up.
    return String.fromCharCode(...codes);
  };
}

function encodeTime(timeMs: number, codes: number[]): void {
  let rest = timeMs;
  for (let index = TIME_CHARACTERS - 1; index >= 0; index--) {
    codes[index] = CODES[rest % 32]!;
    rest = Math.floor(rest / 32);
  }
}

function countUp(digits: Uint8Array): void {
  for (let index = digits.length - 1; index >= 0; index--) {
    if (digits[index]! < 31) {
      digits[index]! += 1;
      return;
    }
    digits[index] = 0;
  }
}
