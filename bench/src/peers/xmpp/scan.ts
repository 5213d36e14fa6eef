/**
 * Finds the messages in an XMPP stream without reading it as XML: the load only wants to know whether there is a body and what is
 * in it. A message ends at the first `</message>`; what contains one, as a copy from an archive does, adds no body after that.
 */

const MESSAGE = Buffer.from("<message");
const MESSAGE_END = Buffer.from("</message>");
const BODY = Buffer.from("<body>");
const BODY_END = Buffer.from("</body>");
const HEAD_END = 62;
const SLASH = 47;
const OPEN = 60;

export interface MessageTaker {
  /** A message with a body: where the message begins and ends, and where the text of its body does. */
  onBody(bytes: Buffer, message: readonly [number, number], text: readonly [number, number]): void;
  /** A message that tells of an error. */
  onError(stanza: string): void;
}

/** Takes the messages that are whole in `bytes`, and returns from where the rest is wanted again. */
export function readMessages(bytes: Buffer, taker: MessageTaker): number {
  let at = 0;
  for (;;) {
    const start = bytes.indexOf(MESSAGE, at);
    if (start < 0) return restOf(bytes, at);
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd < 0) return start;
    if (bytes[headEnd - 1] === SLASH) {
      at = headEnd + 1;
      continue;
    }
    const end = bytes.indexOf(MESSAGE_END, headEnd);
    if (end < 0) return start;
    at = end + MESSAGE_END.length;
    if (/ type=["']error["']/.test(bytes.toString("latin1", start, headEnd))) {
      taker.onError(bytes.toString("latin1", start, at));
      continue;
    }
    const body = bytes.indexOf(BODY, headEnd);
    if (body < 0 || body > end) continue;
    const textStart = body + BODY.length;
    taker.onBody(bytes, [start, at], [textStart, bytes.indexOf(BODY_END, textStart)]);
  }
}

/** What a message may begin with is kept, so that one that is cut in its first word is found. */
function restOf(bytes: Buffer, at: number): number {
  const last = bytes.lastIndexOf(OPEN);
  if (last < at || bytes.length - last >= MESSAGE.length) return bytes.length;
  return last;
}

/** The id that an archive gave to a message; undefined where none did. */
export function archiveIdIn(stanza: string): string | undefined {
  const element = /<stanza-id [^>]*>/.exec(stanza)?.[0] ?? "";
  return / id=["']([^"']+)["']/.exec(element)?.[1];
}
