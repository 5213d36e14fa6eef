import { Failure } from "@parley/base";
import { encode, TEXT_BYTES_MAX, TextBody } from "@parley/protocol";

/** Tag and length of the one field of a text body: what its encoding has beyond the text. */
const TEXT_OVERHEAD_BYTES_MAX = 4;

/** Refuses here what the server would refuse. Errors: "message-too-large". */
export function requireTextInLimit(text: string): void {
  // The first comparison keeps a huge text from being encoded at all.
  const isInLimit =
    text.length <= TEXT_BYTES_MAX &&
    encode(TextBody, { text }).length <= TEXT_BYTES_MAX + TEXT_OVERHEAD_BYTES_MAX;
  if (isInLimit) return;
  throw new Failure("message-too-large", `A text has at most ${TEXT_BYTES_MAX} bytes.`, {
    retry: "after-change",
  });
}
