/**
 * Texts as search sees them: NFKC and case folded, white space as one blank. Piece by piece, so that every place in the
 * folded text is known in the text as it was written. A piece is a character with the marks that belong to it.
 */

export interface FoldedText {
  readonly text: string;
  /** Where each UTF-16 unit of `text` begins in the original, and last where that ends; undefined: at the same place. */
  readonly starts: readonly number[] | undefined;
}

/**
 * What a character is to search. A word is found by its beginning; a glyph of a script that is written without blanks (and
 * a symbol) anywhere; a point is looked for as it is, and no filter knows it.
 */
export type CharacterClass = "word" | "glyph" | "blank" | "point";

const PLAIN = /^[!-~]*(?: [!-~]+)*$/u;
/** A base with its marks: combining marks, the later parts of a Hangul syllable, halfwidth voice marks. */
const PIECE = /\P{M}[\p{M}\u1160-\u11ff\uff9e\uff9f]*|\p{M}+/gsu;
/** What nobody sees and nobody types: variation selectors, joiners, soft hyphens. */
const UNSEEN = /\p{Variation_Selector}|[\u00ad\u200b-\u200f\u2060]/gu;
const BLANK = /^\s+$/u;
const GLYPH =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{S}\p{Emoji_Presentation}\u30fc]$/u;
const WORD = /^[\p{L}\p{N}\p{M}]$/u;

/** Folds a text. Pure. Cost: linear; least for ASCII without runs of blanks. */
export function foldText(text: string): FoldedText {
  if (PLAIN.test(text)) return { text: text.toLowerCase(), starts: undefined };
  let folded = "";
  const starts: number[] = [];
  let at = 0;
  let isBlank = true;
  for (const piece of text.match(PIECE) ?? []) {
    const wasBlank = isBlank;
    isBlank = BLANK.test(piece);
    const part = isBlank ? " " : foldPiece(piece);
    // Blanks at the beginning and after another one are left out.
    if (!isBlank || !wasBlank) {
      for (let index = 0; index < part.length; index++) starts.push(at);
      folded += part;
    }
    at += piece.length;
  }
  starts.push(at);
  return { text: folded, starts };
}

/** The class of a code point of a folded text. */
export function classOf(codePoint: number): CharacterClass {
  if (codePoint < 0x80) {
    if ((codePoint >= 0x61 && codePoint <= 0x7a) || (codePoint >= 0x30 && codePoint <= 0x39)) return "word";
    return codePoint === 0x20 ? "blank" : "point";
  }
  if (codePoint >= 0x4e00 && codePoint <= 0x9fff) return "glyph";
  const character = String.fromCodePoint(codePoint);
  if (GLYPH.test(character)) return "glyph";
  if (WORD.test(character)) return "word";
  return BLANK.test(character) ? "blank" : "point";
}

function foldPiece(piece: string): string {
  const code = piece.charCodeAt(0);
  if (piece.length === 1 && code >= 0x4e00 && code <= 0x9fff) return piece;
  // Up and down again, for letters that have two small forms; and composed again, for case folding takes apart.
  return piece.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC").replace(UNSEEN, "");
}
