import { TEXT_BYTES_MAX } from "@parley/protocol";

/** The limit is told from here on; before, it does not matter to anybody. */
const WARN_BYTES_LEFT = 1_000;

export type DraftLimit =
  | { readonly kind: "fine" }
  | { readonly kind: "near"; readonly bytesLeft: number }
  | { readonly kind: "over"; readonly bytesOver: number };

/** How a text stands to the limit of a message. Cost: the length of the text, and none while it is clearly short. */
export function draftLimit(text: string): DraftLimit {
  // No UTF-16 unit takes more than three bytes of UTF-8.
  if (text.length * 3 <= TEXT_BYTES_MAX - WARN_BYTES_LEFT) return { kind: "fine" };
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > TEXT_BYTES_MAX) return { kind: "over", bytesOver: bytes - TEXT_BYTES_MAX };
  const bytesLeft = TEXT_BYTES_MAX - bytes;
  return bytesLeft <= WARN_BYTES_LEFT ? { kind: "near", bytesLeft } : { kind: "fine" };
}

/** What is sent of a draft: without white space around it; undefined when nothing is left. */
export function textToSend(draft: string): string | undefined {
  const text = draft.trim();
  return text === "" ? undefined : text;
}
