/** Feeds a reader the same bytes in all the ways that a socket may cut them. */
import { Inbox, type ReadWhole } from "../inbox.js";

/** What a reader told of bytes that came whole, cut in two at each place, and one by one. `make` gives a new reader and what it tells. */
export function inAllPieces<T>(
  bytes: Uint8Array,
  make: () => { readonly read: ReadWhole; readonly told: T[] },
): T[][] {
  const cuts = [[], ...Array.from(bytes, (_, place) => [place]), Array.from(bytes, (_, place) => place)];
  return cuts.map((places) => {
    const { read, told } = make();
    const inbox = new Inbox(read);
    let from = 0;
    for (const place of [...places, bytes.length]) {
      const piece = Buffer.from(bytes.slice(from, place));
      if (place > from) inbox.take(piece);
      // As the next read of any socket does it.
      piece.fill(0);
      from = place;
    }
    return told;
  });
}
