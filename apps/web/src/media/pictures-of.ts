/** The pictures of a conversation, in its order. */
import type { Message } from "@parley/protocol";
import { shownKindOf } from "./media-kind.js";
import type { ViewedPicture } from "./viewer-context.js";

/** Those that messages show themselves; not those that are merged in one. */
export function picturesOf(messages: readonly Message[]): readonly ViewedPicture[] {
  return messages.flatMap((message) => {
    const media = message.recall === undefined ? message.body?.media : undefined;
    return media !== undefined && shownKindOf(media) === "image" ? [{ media, place: message }] : [];
  });
}

/** Where a picture stands among them; -1 when it does not. */
export function indexOfPicture(pictures: readonly ViewedPicture[], { media, place }: ViewedPicture): number {
  return pictures.findIndex(
    (one) => one.place.sequence === place.sequence && one.media.mediaId === media.mediaId,
  );
}
