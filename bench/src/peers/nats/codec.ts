/** The protocol of NATS, as far as the load speaks it: lines, some of which are followed by a payload. */

const CRLF = Buffer.from("\r\n");
const SPACE = 32;
const ZERO = 48;
const LETTER = { M: 77, H: 72, P: 80, I: 73, PLUS: 43, MINUS: 45 } as const;

/** A message; one object that is filled anew for each. */
export interface NatsMessage {
  bytes: Buffer;
  sid: number;
  subjectStart: number;
  subjectEnd: number;
  /** Where the subject for answers is; both 0 when there is none. */
  replyStart: number;
  replyEnd: number;
  payloadStart: number;
  payloadEnd: number;
}

export interface NatsTaker {
  /** The message is good until this returns. */
  onMessage(message: NatsMessage): void;
  onPing(): void;
  onPong(): void;
  onError(text: string): void;
}

const message: NatsMessage = {
  bytes: CRLF,
  sid: 0,
  subjectStart: 0,
  subjectEnd: 0,
  replyStart: 0,
  replyEnd: 0,
  payloadStart: 0,
  payloadEnd: 0,
};

/** Takes what is whole in `bytes`, and returns where the first thing begins that is not. Errors: an Error for a line it does not know. */
export function readNats(bytes: Buffer, taker: NatsTaker): number {
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(CRLF, at);
    if (lineEnd < 0) return at;
    const first = bytes[at];
    let next = lineEnd + CRLF.length;
    if (first === LETTER.M || first === LETTER.H) {
      const size = readHead(bytes, at, lineEnd);
      message.payloadStart = next;
      message.payloadEnd = next + size;
      next += size + CRLF.length;
      if (next > bytes.length) return at;
      if (first === LETTER.M) taker.onMessage(message);
    } else if (first === LETTER.P) {
      if (bytes[at + 1] === LETTER.I) taker.onPing();
      else taker.onPong();
    } else if (first === LETTER.MINUS) taker.onError(bytes.toString("latin1", at, lineEnd));
    else if (first !== LETTER.I && first !== LETTER.PLUS)
      throw new Error(`The server said: ${bytes.toString("latin1", at, Math.min(lineEnd, at + 80))}`);
    at = next;
  }
}

/** MSG subject sid [reply] size, or HMSG with two sizes of which the last counts all. Returns the size. */
function readHead(bytes: Buffer, start: number, end: number): number {
  let at = bytes.indexOf(SPACE, start) + 1;
  message.bytes = bytes;
  message.subjectStart = at;
  at = bytes.indexOf(SPACE, at);
  message.subjectEnd = at;
  message.sid = 0;
  for (at += 1; bytes[at] !== SPACE; at++) message.sid = message.sid * 10 + bytes[at]! - ZERO;
  let size = 0;
  let scale = 1;
  let last = end - 1;
  for (; bytes[last] !== SPACE; last--) {
    size += (bytes[last]! - ZERO) * scale;
    scale *= 10;
  }
  message.replyStart = last > at ? at + 1 : 0;
  message.replyEnd = last > at ? last : 0;
  return size;
}
