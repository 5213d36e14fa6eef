/** The text of a page, whatever characters it is written in. */
import { TextDecoder } from "node:util";

/** Where a page says it itself, it says it here (HTML, "determining the character encoding"). */
const DECLARATION_BYTES = 1_024;
const DECLARED = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})/i;
const IN_HEADER = /charset\s*=\s*"?([\w:.-]{1,40})/i;

/** What the bytes say; a character that is none becomes U+FFFD. `contentType` is that of the answer. */
export function pageText(bytes: Uint8Array, contentType: string): string {
  return decoderOf(bytes, contentType).decode(bytes);
}

/** By the header, else by what the page declares, else UTF-8. A byte order mark is stronger than both. */
function decoderOf(bytes: Uint8Array, contentType: string): TextDecoder {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder();
  const named = IN_HEADER.exec(contentType)?.[1];
  if (named !== undefined) return decoderNamed(named);
  const beginning = new TextDecoder("latin1").decode(bytes.subarray(0, DECLARATION_BYTES));
  const declared = DECLARED.exec(beginning)?.[1] ?? "utf-8";
  // What could be read cannot be UTF-16.
  return /^utf-?16/i.test(declared) ? new TextDecoder() : decoderNamed(declared);
}

function decoderNamed(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    // A name that nobody knows.
    return new TextDecoder();
  }
}
