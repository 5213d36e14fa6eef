/** What stands in the circle of a person or group without a picture. */

/** Colours of the circles; the style sheet has as many. */
export const HUES = 8;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** One or two letters: the first of the first and last word, or the first character of a Chinese name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s·_.-]+/u).filter((word) => word !== "");
  const first = firstCharacter(words[0] ?? "?");
  const isIdeographic = /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}/u.test(
    first,
  );
  const last = words.length > 1 && !isIdeographic ? firstCharacter(words.at(-1) ?? "") : "";
  return `${first}${last}`.toUpperCase();
}

/** The same colour for the same id, everywhere and always. */
export function hueOf(id: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), FNV_PRIME);
  // The low bits alone would tell only of the low bits of the letters.
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

/** It costs a thousand times what it does. */
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What a reader takes for one character: an emoji of several parts too. */
function firstCharacter(text: string): string {
  const [first] = GRAPHEMES.segment(text);
  return first?.segment ?? "";
}
