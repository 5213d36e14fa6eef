/** Names of columns: well-formed text, ordered by its UTF-8 bytes. */

// oxlint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\u0000-\u007f]*$/;
const SURROGATES_FROM = 0xd800;
const SURROGATES_END = 0xe000;
const NAMES_REMEMBERED_MAX = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The length of a text in UTF-8; undefined when it holds half of a surrogate pair. */
export function utf8Length(text: string): number | undefined {
  if (ASCII.test(text)) return text.length;
  const bytes = encoder.encode(text);
  return decoder.decode(bytes) === text ? bytes.length : undefined;
}

/** Orders well-formed texts by their UTF-8 bytes, which is the order of their code points. */
export function compareNames(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const one = left.charCodeAt(index);
    const other = right.charCodeAt(index);
    if (one === other) continue;
    // Halves of pairs stand for code points above all single units.
    const isPair = one >= SURROGATES_FROM && one < SURROGATES_END;
    const isOtherPair = other >= SURROGATES_FROM && other < SURROGATES_END;
    return isPair === isOtherPair ? one - other : isPair ? 1 : -1;
  }
  return left.length - right.length;
}

/** Writes a name of `length` bytes. */
export function writeName(target: Uint8Array, position: number, name: string, length: number): void {
  if (length !== name.length) {
    target.set(encoder.encode(name), position);
    return;
  }
  for (let index = 0; index < length; index++) target[position + index] = name.charCodeAt(index);
}

/**
 * Reads names. The rows of a page mostly have the same columns: each name is first compared with what stood at its place in the
 * row before, which costs less than making it anew.
 */
export class NameReader {
  readonly #names: { readonly text: string; readonly bytes: Uint8Array }[] = [];

  /** The name in these bytes, which stands at `place` in its row; undefined when they are no well-formed text. */
  read(place: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const known = this.#names[place];
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const own = bytes.slice(start, end);
    const text = decoded(own);
    if (text !== undefined && place < NAMES_REMEMBERED_MAX) this.#names[place] = { text, bytes: own };
    return text;
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder throws for bytes that are no UTF-8, and only for those.
    return undefined;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}
