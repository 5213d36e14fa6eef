import { Failure } from "@parley/base";
import { type Body, TEXT_BYTES_MAX } from "@parley/protocol";
import { badRequest } from "./refusal.js";

/** What somebody may say: a text within its limit. Errors: "bad-request", "message-too-large". */
export function checkedBody(body: Body | undefined): Body {
  const text = body?.text?.text;
  if (text === undefined || body?.notice !== undefined) throw badRequest("A message needs a text.");
  if (text.length > TEXT_BYTES_MAX || Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    throw new Failure("message-too-large", `A text has at most ${TEXT_BYTES_MAX} bytes.`, {
      retry: "after-change",
    });
  }
  if (text.trim() === "") throw badRequest("A message needs a text.");
  return body as Body;
}
