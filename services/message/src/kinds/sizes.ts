/** Sizes of what a body holds. The names in the messages are those of fields. */
import { Failure } from "@parley/base";
import { badRequest } from "../refusal.js";

/** Errors: "message-too-large". */
export function requireBytes(what: string, content: string | Uint8Array, bytesMax: number): void {
  if (isWithin(content, bytesMax)) return;
  throw tooLarge(`The ${what} of a message has at most ${bytesMax} bytes.`);
}

/** Of a short field, which nobody makes longer by accident. Errors: "bad-request". */
export function requireShort(what: string, text: string, bytesMax: number, bytesMin = 0): void {
  if (text.length >= bytesMin && isWithin(text, bytesMax)) return;
  throw badRequest(`The ${what} has ${bytesMin} to ${bytesMax} bytes.`);
}

export function tooLarge(message: string): Failure {
  return new Failure("message-too-large", message, { retry: "after-change" });
}

function isWithin(content: string | Uint8Array, bytesMax: number): boolean {
  // The first comparison keeps a huge text from being counted at all.
  return (
    content.length <= bytesMax && (typeof content !== "string" || Buffer.byteLength(content) <= bytesMax)
  );
}
