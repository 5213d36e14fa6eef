/** A found message as one line: what stands around the first match, with the matches marked. */

export interface FoundPart {
  readonly text: string;
  readonly isMatch: boolean;
}

/** What is shown before the first match. */
const BEFORE_CHARACTERS_MAX = 24;
/** More is never seen. */
const CHARACTERS_MAX = 160;

/** The parts of the line, in order. `spans` are pairs (from, before) of offsets, ascending. */
export function foundParts(text: string, spans: readonly number[]): readonly FoundPart[] {
  const from = wholeCharacter(text, Math.max(0, (spans[0] ?? 0) - BEFORE_CHARACTERS_MAX));
  const end = wholeCharacter(text, Math.min(text.length, from + CHARACTERS_MAX));
  const edges = [from, ...spans.map((offset) => Math.min(Math.max(offset, from), end)), end];
  const parts = edges.slice(1).map((edge, index) => ({
    text: text.slice(edges[index], edge),
    // Every other stretch is a match.
    isMatch: index % 2 === 1,
  }));
  return [
    { text: from > 0 ? "…" : "", isMatch: false },
    ...parts,
    { text: end < text.length ? "…" : "", isMatch: false },
  ].filter((part) => part.text !== "");
}

/** Not between the two halves of a character. */
function wholeCharacter(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return index > 0 && unit >= 0xdc00 && unit <= 0xdfff ? index - 1 : index;
}
