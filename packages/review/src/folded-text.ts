/**
 * Text as it is compared: compatibility forms, letter case and invisible characters make no difference. Each unit of the folded
 * text knows where it came from, so that what is found can be covered in the text as it was.
 */

export interface FoldedText {
  /** In composed form (NFC): the positions are of this text. */
  readonly text: string;
  readonly folded: string;
  /** Of each unit of `folded`, the start of its character in `text`; one more for the end. Undefined: they are the same. */
  readonly starts: Uint32Array | undefined;
}

/** Characters that take no room and are put between letters to hide a word. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const ASCII_ONLY = /^\p{ASCII}*$/u;
const HAN_FIRST = 0x4e_00;
const HAN_LAST = 0x9f_ff;

/** Cost: the text once; of ASCII alone, next to nothing. */
export function foldText(original: string): FoldedText {
  if (ASCII_ONLY.test(original)) return { text: original, folded: original.toLowerCase(), starts: undefined };
  const text = original.normalize("NFC");
  const starts: number[] = [];
  let folded = "";
  let at = 0;
  for (const character of text) {
    const part = foldCharacter(character);
    for (let unit = 0; unit < part.length; unit++) starts.push(at);
    folded += part;
    at += character.length;
  }
  starts.push(at);
  return { text, folded, starts: Uint32Array.from(starts) };
}

function foldCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x80) return character.toLowerCase();
  if (code >= HAN_FIRST && code <= HAN_LAST) return character;
  if (INVISIBLE.test(character)) return "";
  return character.normalize("NFKC").toLowerCase();
}
