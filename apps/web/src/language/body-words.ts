/** What a message says in one line, in the reader's language. */
import { type Body, kindOf, plainText } from "@parley/protocol";
import { shownKindOf } from "../media/media-kind.js";
import type { Strings } from "./english.js";

/** Its words; of a file what it is; a sentence where there is nothing that this version knows. */
export function bodyWords(body: Body | undefined, strings: Strings): string {
  const { media: words } = strings;
  if (body?.media !== undefined) {
    const kind = shownKindOf(body.media);
    if (kind === "file") return words.withWords(words.file, body.media.caption || body.media.name);
    const what = { image: words.photo, video: words.video, audio: words.audio }[kind];
    return body.media.caption === "" ? what : words.withWords(what, body.media.caption);
  }
  if (kindOf(body) === undefined) return strings.unknownMessage;
  return plainText(body) || (body?.location === undefined ? strings.otherMessage : strings.location);
}
