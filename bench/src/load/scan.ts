/**
 * Reads from frames only what a load generator checks, without building objects for the rest. The full decoder is
 * right for everything else; the numbers of the fields are those of `packages/protocol/src/frames.ts` and `model.ts`.
 */
import { Failure } from "@parley/base";

/**
 * Called with each message that is pushed: its sequence, the number in its client message id, the number in its text
 * and the bytes of the text, or of what a custom message holds instead. Numbers are -1 where there are none.
 */
export type PushTaker = (sequence: number, number: number, textNumber: number, textBytes: number) => void;

/** Digits at the beginning of a text of the load. */
export const TEXT_DIGITS = 10;

const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;
const ZERO = 48;
const NINE = 57;

/** A place in bytes; one for all, since nothing yields while it is used. */
const cursor: { bytes: Uint8Array; at: number } = { bytes: new Uint8Array(0), at: 0 };

export function scanSent(payload: Uint8Array): { readonly requestId: number; readonly sequence: number } {
  begin(payload);
  let requestId = 0;
  let sequence = 0;
  while (cursor.at < payload.length) {
    const tag = varint();
    if (tag === tagOf(1, WIRE_VARINT)) requestId = varint();
    else if (tag === tagOf(3, WIRE_VARINT)) sequence = varint();
    else skip(tag);
  }
  return { requestId, sequence };
}

/**
 * Calls `take` with each message of a Push; other events are passed over. Returns where the device now is, in its queue or in
 * a topic.
 */
export function scanPush(
  payload: Uint8Array,
  take?: PushTaker,
): { readonly epoch: number; readonly lastPts: number; readonly isTopic: boolean } {
  begin(payload);
  let epoch = 0;
  let firstPts = 0;
  let count = 0;
  let isTopic = false;
  while (cursor.at < payload.length) {
    const tag = varint();
    if (tag === tagOf(1, WIRE_VARINT)) epoch = varint();
    else if (tag === tagOf(2, WIRE_VARINT)) firstPts = varint();
    else if (tag === tagOf(3, WIRE_LENGTH)) {
      count += 1;
      const end = lengthEnd();
      if (take !== undefined) scanEvent(end, take);
      cursor.at = end;
    } else {
      if (tag === tagOf(4, WIRE_LENGTH)) isTopic = true;
      skip(tag);
    }
  }
  return { epoch, lastPts: firstPts + count - 1, isTopic };
}

function scanEvent(end: number, take: PushTaker): void {
  while (cursor.at < end) {
    const tag = varint();
    if (tag === tagOf(1, WIRE_LENGTH)) scanMessage(lengthEnd(), take);
    else skip(tag);
  }
}

function scanMessage(end: number, take: PushTaker): void {
  let sequence = 0;
  let number = -1;
  let textNumber = -1;
  let textBytes = 0;
  while (cursor.at < end) {
    const tag = varint();
    if (tag === tagOf(2, WIRE_VARINT)) sequence = varint();
    else if (tag === tagOf(5, WIRE_LENGTH)) {
      const stop = lengthEnd();
      // One letter, then the number.
      number = digits(cursor.at + 1, stop);
      cursor.at = stop;
    } else if (tag === tagOf(7, WIRE_LENGTH)) {
      const stop = lengthEnd();
      textBytes = textLength();
      if (textBytes > 0) textNumber = digits(cursor.at, cursor.at + Math.min(textBytes, TEXT_DIGITS));
      cursor.at = stop;
    } else skip(tag);
  }
  take(sequence, number, textNumber, textBytes);
}

/** Goes to the text of a Body, or to the payload of a custom one, and returns its bytes; 0 when there is neither. */
function textLength(): number {
  const tag = varint();
  if (tag !== tagOf(1, WIRE_LENGTH) && tag !== tagOf(9, WIRE_LENGTH)) return 0;
  const isCustom = tag === tagOf(9, WIRE_LENGTH);
  const end = lengthEnd();
  while (cursor.at < end) {
    const field = varint();
    if (field === tagOf(isCustom ? 2 : 1, WIRE_LENGTH)) return varint();
    skip(field);
  }
  return 0;
}

function digits(start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const code = cursor.bytes[index] ?? 0;
    if (code < ZERO || code > NINE) return -1;
    value = value * 10 + code - ZERO;
  }
  return value;
}

function begin(bytes: Uint8Array): void {
  cursor.bytes = bytes;
  cursor.at = 0;
}

function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

function varint(): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined || scale > 2 ** 49)
      throw new Failure("malformed", "The server sent a number that is cut off.");
    if (byte < 128) return value + byte * scale;
    value += (byte - 128) * scale;
    scale *= 128;
  }
}

function lengthEnd(): number {
  const length = varint();
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new Failure("malformed", "The server sent a field that is cut off.");
  return end;
}

function skip(tag: number): void {
  const wireType = tag % 8;
  if (wireType === WIRE_VARINT) varint();
  else if (wireType === WIRE_LENGTH) cursor.at = lengthEnd();
  else throw new Failure("malformed", "The server sent a field of an unknown wire type.");
}
