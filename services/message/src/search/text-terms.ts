/**
 * What of a message a filter knows: of which kinds it is, of whom, and what its text says. Of a word its beginnings of certain lengths; of glyphs each one and each pair of
 * neighbours. A query needs the longest of these that it has: then a text with the query in it has all that the query
 * needs, which is the one thing that a filter relies on.
 */
import { classOf, type SearchKind, type UserId } from "@parley/protocol";

/** A hash of a term: an integer below 2^52. */
export type TermHash = number;

/** Lengths of the beginnings of words, in UTF-16 units. Long ones are there for ids and numbers, which begin alike. */
const BEGINNING_LENGTHS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32]);
const BEGINNING_LENGTH_MAX = 32;

const WORD_SEED = 0x51_2e_a7_03;
const GLYPH_SEED = 0x2b_7e_15_16;
const KIND_SEED = 0x6a_09_e6_67;
const SENDER_SEED = 0x3c_6e_f3_72;

/** Adds all terms of a folded text. */
export function addTerms(text: string, terms: Set<TermHash>): void {
  walk(text, terms, false);
}

/** That a message is of a kind. */
export function kindTerm(kind: SearchKind): TermHash {
  return termOf(KIND_SEED, kind);
}

/** That a message is of somebody. */
export function senderTerm(senderId: UserId): TermHash {
  return termOf(SENDER_SEED, senderId);
}

/** What a text with this folded query in it has in any case. May be nothing, as for a query of points. */
export function neededTerms(query: string): ReadonlySet<TermHash> {
  const terms = new Set<TermHash>();
  walk(query, terms, true);
  return terms;
}

function walk(text: string, terms: Set<TermHash>, isQuery: boolean): void {
  let index = 0;
  while (index < text.length) {
    const kind = classOf(text.codePointAt(index)!);
    const end = endOfRun(text, index, kind);
    if (kind === "word") addWord(text, { first: index, end }, terms, isQuery);
    else if (kind === "glyph") addGlyphs(text.slice(index, end), terms, isQuery);
    index = end;
  }
}

function endOfRun(text: string, first: number, kind: string): number {
  let end = first;
  while (end < text.length) {
    const codePoint = text.codePointAt(end)!;
    if (classOf(codePoint) !== kind) return end;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}

function addWord(
  text: string,
  { first, end }: { readonly first: number; readonly end: number },
  terms: Set<TermHash>,
  isQuery: boolean,
): void {
  let low = WORD_SEED;
  let high = WORD_SEED;
  let longest: TermHash | undefined;
  const length = Math.min(end - first, BEGINNING_LENGTH_MAX);
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(first + index);
    low = step(low, unit);
    high = step(high ^ 0x5bd1e995, unit);
    if (!BEGINNING_LENGTHS.has(index + 1)) continue;
    longest = finish(low, high);
    if (!isQuery) terms.add(longest);
  }
  if (isQuery && longest !== undefined) terms.add(longest);
}

function addGlyphs(run: string, terms: Set<TermHash>, isQuery: boolean): void {
  const glyphs = Array.from(run);
  for (const [index, glyph] of glyphs.entries()) {
    if (index > 0) terms.add(termOf(GLYPH_SEED, glyphs[index - 1]! + glyph));
    if (!isQuery || glyphs.length === 1) terms.add(termOf(GLYPH_SEED, glyph));
  }
}

function termOf(seed: number, text: string): TermHash {
  let low = seed;
  let high = seed;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = step(low, unit);
    high = step(high ^ 0x5bd1e995, unit);
  }
  return finish(low, high);
}

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** The last step of MurmurHash3 on both halves. */
function finish(low: number, high: number): TermHash {
  return mix(low) * 2 ** 20 + (mix(high ^ 0x9e3779b9) >>> 12);
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
