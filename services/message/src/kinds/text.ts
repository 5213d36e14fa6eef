import { type Body, TEXT_BYTES_MAX } from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireBytes } from "./sizes.js";

/** A text that is not only white space. Errors: "bad-request", "message-too-large". */
export function checkText({ text }: NonNullable<Body["text"]>): void {
  requireBytes("text", text, TEXT_BYTES_MAX);
  if (text.trim() === "") throw badRequest("A message needs a text.");
}
