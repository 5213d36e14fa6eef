/**
 * Text by Node's own buffers, for the compiled codecs. A string that is put together of pieces is flattened when it is first
 * looked up in a map, which takes three times as long as to make it; these are flat.
 */
import { readUtf8, writeUtf8 } from "./utf8.js";

/** Of Node's Buffer; works on any byte array. */
interface NativeText {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, offset: number): number;
}

const native = (globalThis as { Buffer?: { prototype: NativeText } }).Buffer?.prototype;

/** Strings below this length are flat however they are made, and the loop beats the call. */
const PIECES_BYTES_MIN = 13;
/** Up to this many characters a loop is faster than the call. */
const SHORT_CHARACTERS_WRITTEN = 24;
/** What stands for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/** Reads UTF-8. Throws a TypeError on malformed input. */
export function readText(source: Uint8Array, start: number, end: number): string {
  if (native === undefined || end - start < PIECES_BYTES_MIN) return readUtf8(source, start, end);
  const text = native.utf8Slice.call(source, start, end);
  // Somebody may have written the character itself.
  return text.includes(REPLACEMENT) ? readUtf8(source, start, end) : text;
}

/** Writes `text` at `offset` and returns the number of bytes. `target` has room for three bytes a character. */
export function writeText(text: string, target: Uint8Array, offset: number): number {
  if (native === undefined || text.length <= SHORT_CHARACTERS_WRITTEN) return writeUtf8(text, target, offset);
  return native.utf8Write.call(target, text, offset);
}
