import { Failure } from "@parley/base";
import { encode, TEXT_BYTES_MAX, TextBody } from "@parley/protocol";

/** Tag and length of the one field of a text body: what its encoding has beyond the text. */
const TEXT_OVERHEAD_BYTES_MAX = 4;

/** Refuses here what the server would refuse. Errors: "message-too-large". */
export function requireTextInLimit(text: string): void {
  requireWithin("text", text, TEXT_BYTES_MAX);
}

/** As `requireTextInLimit`, of anything with a limit in UTF-8 bytes. */
export function requireWithin(what: string, text: string, bytesMax: number): void {
  // The first comparison keeps a huge text from being encoded at all.
  const isInLimit =
    text.length <= bytesMax && encode(TextBody, { text }).length <= bytesMax + TEXT_OVERHEAD_BYTES_MAX;
  if (isInLimit) return;
  throw new Failure("message-too-large", `A ${what} has at most ${bytesMax} bytes.`, {
    retry: "after-change",
  });
}
