/** The two standard classes that exist in Node and in browsers; declared here because neutral code has no ambient types. */
declare class TextEncoder {
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(input: Uint8Array): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this many characters a loop is faster than the call into the runtime. */
const SHORT_CHARACTERS_WRITTEN = 48;
const SHORT_BYTES_READ = 40;
const ASCII_MAX = 127;

/**
 * Writes `text` at `offset` and returns the number of bytes. `target` has
 * room for three bytes a character.
 */
export function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  if (length > SHORT_CHARACTERS_WRITTEN) return encoder.encodeInto(text, target.subarray(offset)).written;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > ASCII_MAX) return encoder.encodeInto(text, target.subarray(offset)).written;
    target[offset + index] = code;
  }
  return length;
}

/** Reads UTF-8. Throws a TypeError on malformed input. */
export function readUtf8(source: Uint8Array, start: number, end: number): string {
  return readShortAscii(source, start, end) ?? decoder.decode(source.subarray(start, end));
}

/** Reads ids and other short texts, eight characters at a time: each step makes a string that the next one throws away. */
function readShortAscii(source: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > SHORT_BYTES_READ) return undefined;
  let text = "";
  let index = start;
  for (; index + 8 <= end; index += 8) {
    const a = source[index]!;
    const b = source[index + 1]!;
    const c = source[index + 2]!;
    const d = source[index + 3]!;
    const e = source[index + 4]!;
    const f = source[index + 5]!;
    const g = source[index + 6]!;
    const h = source[index + 7]!;
    if ((a | b | c | d | e | f | g | h) > ASCII_MAX) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; index < end; index++) {
    const code = source[index]!;
    if (code > ASCII_MAX) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}
