/**
 * A list of words, one a line:
 *
 *   # a comment
 *   word                 refuses what says it, as a word of its own; in scripts without spaces, such as Chinese, anywhere
 *   *word*               anywhere, also within words
 *   word => ****         says this instead
 */
import { Failure } from "@parley/base";
import { foldText } from "./folded-text.js";

export const WORDS_MAX = 100_000;
export const WORD_UNITS_MAX = 200;

export interface ListedWord {
  readonly folded: string;
  /** Also within words. */
  readonly isAnywhere: boolean;
  /** Said instead; undefined: the message is refused. */
  readonly replacement: string | undefined;
}

/** Errors: "bad-word-list", with the number of the line in its message, and never the word. */
export function parseWordList(text: string): readonly ListedWord[] {
  // Each once: of lines for the same word the last one counts.
  const words = new Map<string, ListedWord>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const at = line.indexOf("=>");
    const said = (at === -1 ? line : line.slice(0, at)).trim();
    const isAnywhere = said.length > 2 && said.startsWith("*") && said.endsWith("*");
    const { folded } = foldText(isAnywhere ? said.slice(1, -1).trim() : said);
    if (folded === "" || folded.length > WORD_UNITS_MAX)
      throw bad(index + 1, `has to be a word of 1 to ${WORD_UNITS_MAX} characters`);
    if (words.size >= WORDS_MAX) throw bad(index + 1, `is one more than ${WORDS_MAX} words`);
    const replacement = at === -1 ? undefined : line.slice(at + 2).trim();
    words.set(folded, { folded, isAnywhere, replacement });
  }
  return [...words.values()];
}

function bad(line: number, what: string): Failure {
  return new Failure("bad-word-list", `Line ${line} of the word list ${what}.`, { retry: "after-change" });
}
