/** Finds the addresses in a text. Only http and https: anything else stays text. */
import { LINK_BYTES_MAX } from "./limits.js";
import type { Body } from "./model.js";
import { plainText } from "./plain-text.js";

/** Of Node and of browsers. */
declare class URL {
  static canParse(text: string): boolean;
  constructor(text: string);
  readonly href: string;
  readonly protocol: string;
}

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
  for (const { index, ...link } of linksIn(text)) {
    if (linkCount === LINKS_MAX) break;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push(link);
    linkCount += 1;
    end = index + link.text.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/**
 * The link of which a preview is shown: the first one of a text or a rich text, unless its author took the preview away. Servers
 * and clients have to agree on it.
 */
export function previewedLink(body: Body | undefined): string | undefined {
  if (body === undefined || body.hidesPreview) return undefined;
  for (const href of linksOf(body)) return href.length <= LINK_BYTES_MAX ? href : undefined;
  return undefined;
}

/** Whether a body leads somewhere: by an address in its plain words, or by a link of its rich text. */
export function hasLink(body: Body | undefined): boolean {
  if (body === undefined) return false;
  return linksOf(body).next().done !== true || linksIn(plainText(body)).next().done !== true;
}

function* linksOf({ text, rich }: Body): Generator<string> {
  if (text !== undefined) for (const { href } of linksIn(text.text)) yield href;
  for (const { spans } of rich?.blocks ?? [])
    for (const { link } of spans) {
      const href = link === "" ? undefined : hrefOf(link);
      if (href !== undefined) yield href;
    }
}

function* linksIn(
  text: string,
): Generator<{ readonly index: number; readonly text: string; readonly href: string }> {
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    const href = hrefOf(address);
    if (href !== undefined) yield { index: match.index, text: address, href };
  }
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
