/**
 * By what people are found: the words of a name, and the id. The same rule on the server and on devices.
 *
 *   "Dr. Åsa Öberg"   "dr asa oberg", "asa oberg", "oberg"
 *   "陈晓雯"           "陈晓雯", "晓雯", "雯"
 */
import { classOf } from "./folded-text.js";

/** What makes no difference between names: marks above and below, what joins letters, and what nobody sees. */
const DROPPED = /[\p{Mn}\p{Cf}\p{Variation_Selector}]/gu;
/** What stands between words. */
const BETWEEN = /[^\p{L}\p{N}\p{Mc}\p{S}]+/gu;

/** How well somebody fits what was typed, the best first: by the whole name, by a later word of it, by the id. */
export const PERSON_RANKS = 3;

/** A name, an id or what was typed, as they are compared: without accents, in small letters, one blank between words. */
export function foldName(text: string): string {
  const plain = text.normalize("NFKD").replace(DROPPED, "").replace(BETWEEN, " ").trim();
  // Up and down again, for letters that have two small forms.
  return plain.toUpperCase().toLowerCase();
}

/** The rest of a folded name from each of its words on, the whole name first. A character that is written without blanks is a word. */
export function wordsOf(folded: string): readonly string[] {
  const words: string[] = [];
  let isInWord = false;
  let at = 0;
  for (const character of folded) {
    const kind = classOf(character.codePointAt(0)!);
    if (kind === "glyph" || (kind !== "blank" && !isInWord)) words.push(folded.slice(at));
    isInWord = kind !== "blank" && kind !== "glyph";
    at += character.length;
  }
  return words;
}

/** How well a person fits a folded text: 0 is best; undefined: not at all. Everybody fits the empty one. */
export function personRank(
  person: { readonly userId: string; readonly name: string },
  folded: string,
): number | undefined {
  const [whole = "", ...later] = wordsOf(foldName(person.name));
  const id = foldName(person.userId);
  if (whole.startsWith(folded) || id === folded) return 0;
  if (later.some((word) => word.startsWith(folded))) return 1;
  return id.startsWith(folded) ? PERSON_RANKS - 1 : undefined;
}
