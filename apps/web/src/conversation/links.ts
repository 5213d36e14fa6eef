/** Finds the addresses in a text. Only http and https: anything else stays text. */

export interface TextPart {
  readonly text: string;
  /** The address that the text stands for; undefined for plain text. */
  readonly href?: string;
}

// Up to white space, quotes, angle brackets, and the characters that end a phrase in Chinese.
const ADDRESS = /https?:\/\/[^\s<>"'`，。；：！？、（）《》「」【】“”‘’]+/giu;
const TRAILING = /[.,;:!?*_~'"\])}]$/u;
/** Addresses of one message that become links; the rest stays text. */
export const LINKS_MAX = 100;

/** The parts of a text, in order; put together they are the text again. */
export function splitLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  let linkCount = 0;
  for (const match of text.matchAll(ADDRESS)) {
    if (linkCount === LINKS_MAX) break;
    const address = withoutTrailing(match[0]);
    const href = hrefOf(address);
    if (href === undefined) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, href });
    linkCount += 1;
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** A full stop or bracket at the end belongs to the sentence, unless the bracket was opened within the address. */
function withoutTrailing(address: string): string {
  let cut = address;
  while (TRAILING.test(cut)) {
    const last = cut.at(-1);
    if (last === ")" && count(cut, "(") >= count(cut, ")")) break;
    cut = cut.slice(0, -1);
  }
  return cut;
}

function hrefOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
