/**
 * The frames of the limit, in WebSockets' own framing (RFC 6455), written by hand: a kind, then numbers of four bytes, then a text.
 *
 *   client to server   login: user    join    send: to, number, text
 *   server to client   welcome        joined  ack: number             message: text
 */
import { createHash } from "node:crypto";
import type { Outbox } from "../outbox.js";

export const KIND = { login: 1, welcome: 2, join: 3, joined: 4, send: 5, ack: 6, message: 7 } as const;

/** As `to` of a send: everybody in the group. */
export const TO_GROUP = 0xffff_ffff;
/** Kind, `to` and number, before the text of a send. */
export const SEND_HEADER_BYTES = 9;

const BINARY_FINAL = 0x82;
const OPCODE = 0x0f;
const BINARY = 0x02;
const CLOSE = 0x08;
const MASKED = 0x80;
const LENGTH_7 = 0x7f;
const LENGTH_IN_16 = 126;
const MASK_BYTES = 4;
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Called with the place of a payload, which is unmasked where it stands. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Takes the binary frames that are whole in `bytes`, and returns where the first begins that is not.
 * Errors: an Error for frames longer than 64 KB, for a close and for kinds of frames that this load has no use for.
 */
export function readFrames(bytes: Buffer, take: TakeFrame): number {
  let at = 0;
  for (;;) {
    if (at + 2 > bytes.length) return at;
    const second = bytes[at + 1]!;
    let length = second & LENGTH_7;
    let start = at + 2;
    if (length === LENGTH_IN_16) {
      if (start + 2 > bytes.length) return at;
      length = bytes[start]! * 256 + bytes[start + 1]!;
      start += 2;
    } else if (length > LENGTH_IN_16) throw new Error("A frame is longer than 64 KB.");
    const mask = start;
    if ((second & MASKED) !== 0) start += MASK_BYTES;
    const end = start + length;
    if (end > bytes.length) return at;
    const opcode = bytes[at]! & OPCODE;
    if (opcode !== BINARY) throw new Error(opcode === CLOSE ? "closed" : `Opcode ${opcode} is not read.`);
    if (start > mask) unmask(bytes, mask, end);
    take(bytes, start, end);
    at = end;
  }
}

/** Begins a frame from the server with `length` bytes, below 64 KB. */
export function writeHeader(outbox: Outbox, length: number): void {
  outbox.byte(BINARY_FINAL);
  if (length < LENGTH_IN_16) outbox.byte(length);
  else {
    outbox.byte(LENGTH_IN_16);
    outbox.uint16(length);
  }
}

/** The same from a client. The mask is 0, which costs the server what any mask costs, and the load nothing. */
export function writeMaskedHeader(outbox: Outbox, length: number): void {
  outbox.byte(BINARY_FINAL);
  if (length < LENGTH_IN_16) outbox.byte(MASKED + length);
  else {
    outbox.byte(MASKED + LENGTH_IN_16);
    outbox.uint16(length);
  }
  outbox.uint32(0);
}

/** What a server answers to the key of a client that wants a WebSocket. */
export function acceptOf(key: string): string {
  return createHash("sha1")
    .update(key + MAGIC)
    .digest("base64");
}

function unmask(bytes: Buffer, mask: number, end: number): void {
  const one = bytes[mask]!;
  const two = bytes[mask + 1]!;
  const three = bytes[mask + 2]!;
  const four = bytes[mask + 3]!;
  let at = mask + MASK_BYTES;
  for (; at + 3 < end; at += 4) {
    bytes[at] = bytes[at]! ^ one;
    bytes[at + 1] = bytes[at + 1]! ^ two;
    bytes[at + 2] = bytes[at + 2]! ^ three;
    bytes[at + 3] = bytes[at + 3]! ^ four;
  }
  if (at < end) bytes[at] = bytes[at]! ^ one;
  if (at + 1 < end) bytes[at + 1] = bytes[at + 1]! ^ two;
  if (at + 2 < end) bytes[at + 2] = bytes[at + 2]! ^ three;
}
