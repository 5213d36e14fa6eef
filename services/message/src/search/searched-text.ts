import { type Message, plainText } from "@parley/protocol";

/** What of a message is searched, and what the offsets of its matches count in: its plain words; empty when it has none. */
export function searchedText({ body }: Message): string {
  return plainText(body);
}
