/** A reviewer that knows words: it answers at once, and nobody waits for it. */
import type { ReviewedContent, Reviewer, ReviewVerdict } from "@parley/contracts";
import { type Body, decode, encode, Body as BodySchema } from "@parley/protocol";
import { foldText } from "./folded-text.js";
import { type Found, WordAutomaton } from "./word-automaton.js";
import { type ListedWord, parseWordList } from "./word-list.js";

/** Fields of a body that people read, however deep they are. What else a body holds is for programs. */
const READ_FIELDS: ReadonlySet<string> = new Set([
  "text",
  "title",
  "name",
  "address",
  "caption",
  "fallbackText",
  "fileName",
  "code",
]);
/** Fields of an Adaptive Card that people read; texts in a list of them too. */
const CARD_FIELDS: ReadonlySet<string> = new Set([
  "text",
  "title",
  "subtitle",
  "value",
  "label",
  "placeholder",
  "altText",
  "fallbackText",
  "errorMessage",
  "tooltip",
  "speak",
  "inlines",
]);
/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD_PART = /[\p{L}\p{N}\p{M}_]/u;

interface Words {
  readonly listed: readonly ListedWord[];
  readonly automaton: WordAutomaton;
}

export class KeywordReviewer implements Reviewer {
  #words: Words;

  /** Errors: those of `parseWordList`. */
  constructor(list: string) {
    this.#words = wordsOf(list);
  }

  get wordCount(): number {
    return this.#words.listed.length;
  }

  /** From now on this list counts. Errors: those of `parseWordList`; then the list before still counts. */
  load(list: string): void {
    this.#words = wordsOf(list);
  }

  /** Cost: the text once, whatever the number of words. */
  review({ body }: Pick<ReviewedContent, "body">): ReviewVerdict {
    let isRefused = false;
    let isReplaced = false;
    const visit = (text: string): string => {
      if (isRefused) return text;
      const found = this.#read(text);
      if (found === undefined) return text;
      if (found.instead === undefined) isRefused = true;
      else isReplaced = true;
      return found.instead ?? text;
    };
    const after = said(body, visit);
    if (isRefused) return { kind: "refuse", reason: "word" };
    if (!isReplaced) return { kind: "accept" };
    // Through the codec: what the server stores is what it would read.
    return { kind: "replace", body: decode(BodySchema, encode(BodySchema, after)) };
  }

  /** What is said instead; undefined: nothing is found. */
  #read(original: string): { readonly instead: string | undefined } | undefined {
    const { listed, automaton } = this.#words;
    const { text, folded, starts } = foldText(original);
    const covered: { readonly start: number; readonly end: number; readonly by: string }[] = [];
    let isRefused = false;
    automaton.search(folded, (found) => {
      const word = listed[found.word]!;
      if (!word.isAnywhere && !isWhole(folded, found)) return false;
      if (word.replacement === undefined) {
        isRefused = true;
        return true;
      }
      const place = (at: number): number => (starts === undefined ? at : starts[at]!);
      const start = place(found.start);
      // A later one that begins before the end of an earlier one covers it, or is covered with it.
      while (covered.length > 0 && covered.at(-1)!.start >= start) covered.pop();
      const last = covered.at(-1);
      if (last === undefined || last.end <= start)
        covered.push({ start, end: place(found.end), by: word.replacement });
      return false;
    });
    if (isRefused) return { instead: undefined };
    if (covered.length === 0) return undefined;
    let instead = "";
    let at = 0;
    for (const { start, end, by } of covered) {
      instead += text.slice(at, start) + by;
      at = end;
    }
    return { instead: instead + text.slice(at) };
  }
}

function wordsOf(list: string): Words {
  const listed = parseWordList(list);
  return { listed, automaton: new WordAutomaton(listed.map(({ folded }) => folded)) };
}

/** Whether no letter goes on at either side; between characters of scripts without spaces there is always a border. */
function isWhole(text: string, { start, end }: Found): boolean {
  return isBorder(text, start) && isBorder(text, end);
}

function isBorder(text: string, at: number): boolean {
  const before = characterBefore(text, at);
  const after = at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : "";
  if (!WORD_PART.test(before) || !WORD_PART.test(after)) return true;
  return UNSPACED.test(before) || UNSPACED.test(after);
}

function characterBefore(text: string, at: number): string {
  if (at === 0) return "";
  const unit = text.charCodeAt(at - 1);
  const isLow = unit >= 0xdc_00 && unit <= 0xdf_ff && at >= 2;
  return text.slice(isLow ? at - 2 : at - 1, at);
}

/** The body with what `visit` makes of all its texts that people read. */
function said(body: Body, visit: (text: string) => string): Body {
  return mapText(withMerged(withCard(body, visit), visit), visit, READ_FIELDS) as Body;
}

/** The body with what `visit` makes of the messages that are merged in it, each of which is a body in bytes. */
function withMerged(body: Body, visit: (text: string) => string): Body {
  if (body.merged === undefined) return body;
  const items = body.merged.items.map((item) => {
    let isChanged = false;
    const after = said(decode(BodySchema, item.body), (text) => {
      const instead = visit(text);
      isChanged ||= instead !== text;
      return instead;
    });
    return isChanged ? { ...item, body: encode(BodySchema, after) } : item;
  });
  return { ...body, merged: { ...body.merged, items } };
}

/** The body with what `visit` makes of the texts of its card, which is JSON. */
function withCard(body: Body, visit: (text: string) => string): Body {
  if (body.card === undefined) return body;
  const before: unknown = JSON.parse(body.card.content);
  let isChanged = false;
  const after = mapText(
    before,
    (text) => {
      const instead = visit(text);
      isChanged ||= instead !== text;
      return instead;
    },
    CARD_FIELDS,
  );
  // As it was written, unless something in it is replaced.
  return isChanged ? { ...body, card: { ...body.card, content: JSON.stringify(after) } } : body;
}

/** A copy in which the texts that people read, which are in `fields`, are what `visit` makes of them. */
function mapText(
  value: unknown,
  visit: (text: string) => string,
  fields: ReadonlySet<string>,
  name = "",
): unknown {
  if (typeof value === "string") return fields.has(name) ? visit(value) : value;
  if (Array.isArray(value)) return value.map((each) => mapText(each, visit, fields, name));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mapText(each, visit, fields, key)]),
  );
}
