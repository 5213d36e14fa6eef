/** What somebody looks for, and where it is in a text: the same rules for the server and for what a device holds itself. */
import { Failure } from "@parley/base";
import { type FoldedText, classOf, foldText } from "./folded-text.js";
import { SEARCH_SPANS_MAX, SEARCH_TEXT_BYTES_MAX, SEARCH_WORDS_MAX } from "./limits.js";

/** A word or a phrase. All of a search have to be there. */
export interface WantedPart {
  /** Folded, without blanks at its ends. */
  readonly text: string;
  /** It was in quotes: it ends where a word ends. */
  readonly isPhrase: boolean;
}

const QUOTES = /["＂“”„「」]/u;

/**
 * Reads what somebody typed: words, and phrases in quotation marks. A quotation that is not closed goes to the end.
 * Errors: "bad-request" when it is empty, or beyond SEARCH_TEXT_BYTES_MAX or SEARCH_WORDS_MAX.
 */
export function parseWanted(text: string): readonly WantedPart[] {
  if (text.length > SEARCH_TEXT_BYTES_MAX || utf8Bytes(text) > SEARCH_TEXT_BYTES_MAX)
    throw badRequest(`What is looked for has at most ${SEARCH_TEXT_BYTES_MAX} bytes.`);
  const parts = text.split(QUOTES).flatMap((piece, index) => {
    const folded = foldText(piece).text.trim();
    const isPhrase = index % 2 === 1;
    const texts = isPhrase ? [folded] : folded.split(" ");
    return texts.filter((each) => each !== "").map((each) => ({ text: each, isPhrase }));
  });
  if (parts.length === 0) throw badRequest("Say what to look for.");
  if (parts.length > SEARCH_WORDS_MAX)
    throw badRequest(`Look for at most ${SEARCH_WORDS_MAX} words at a time.`);
  return parts;
}

/**
 * Where the parts are in a text: pairs (from, before) of UTF-16 offsets, ascending and apart, at most SEARCH_SPANS_MAX pairs;
 * undefined when one of them is not there.
 */
export function findWanted(parts: readonly WantedPart[], text: string): readonly number[] | undefined {
  const folded = foldText(text);
  const found: Span[] = [];
  for (const part of parts) {
    const spans = findPart(folded, part);
    if (spans.length === 0) return undefined;
    found.push(...spans);
  }
  return merged(found).slice(0, SEARCH_SPANS_MAX).flat();
}

function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

type Span = readonly [number, number];

function findPart({ text, starts }: FoldedText, { text: wanted, isPhrase }: WantedPart): readonly Span[] {
  const spans: Span[] = [];
  const isAtWord = classAt(wanted, 0) === "word";
  const endsAtWord = isPhrase && classBefore(wanted, wanted.length) === "word";
  let at = text.indexOf(wanted);
  while (at !== -1 && spans.length < SEARCH_SPANS_MAX) {
    const end = at + wanted.length;
    const isHere =
      !(isAtWord && classBefore(text, at) === "word") && !(endsAtWord && classAt(text, end) === "word");
    if (isHere) spans.push(starts === undefined ? [at, end] : [starts[at]!, endOf(starts, end)]);
    at = text.indexOf(wanted, isHere ? end : at + 1);
  }
  return spans;
}

/** Where the piece ends whose last unit is before `end`: several units may come from one piece. */
function endOf(starts: readonly number[], end: number): number {
  const last = starts[end - 1]!;
  let next = end;
  while (next < starts.length - 1 && starts[next] === last) next += 1;
  return starts[next]!;
}

function classAt(text: string, index: number): string {
  return index < text.length ? classOf(text.codePointAt(index)!) : "blank";
}

function classBefore(text: string, index: number): string {
  if (index === 0) return "blank";
  const unit = text.charCodeAt(index - 1);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff && index > 1;
  return classOf(text.codePointAt(isLow ? index - 2 : index - 1)!);
}

function merged(spans: readonly Span[]): readonly Span[] {
  const result: [number, number][] = [];
  for (const [from, before] of spans.toSorted((one, other) => one[0] - other[0])) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], before);
    else result.push([from, before]);
  }
  return result;
}
