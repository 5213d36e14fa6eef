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
const SHORT_CHARACTERS = 48;

/**
 * Writes `text` at `offset` and returns the number of bytes. `target` has
 * room for three bytes a character.
 */
export function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  if (length > SHORT_CHARACTERS) return encoder.encodeInto(text, target.subarray(offset)).written;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return encoder.encodeInto(text, target.subarray(offset)).written;
    target[offset + index] = code;
  }
  return length;
}

/** Reads UTF-8. Throws a TypeError on malformed input. */
export function readUtf8(source: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_CHARACTERS) return decoder.decode(source.subarray(start, end));
  let text = "";
  for (let index = start; index < end; index++) {
    const code = source[index]!;
    if (code > 127) return decoder.decode(source.subarray(start, end));
    text += String.fromCharCode(code);
  }
  return text;
}
