/**
 * The digest of a span of a conversation: a cheap check that two sides hold the same messages in the same places and states.
 *
 * Start with h1 = 0x811c9dc5 and h2 = 0xc2b2ae35. For each visible message in order of sequence, take the ASCII bytes
 * of its sequence in decimal, ":", its message id, for a revision above 0 also ":" and the revision in decimal, for
 * reactions also "~" and their revision in decimal, for what I gave also "@" and its revision in decimal, for my part of a card also "+" and its revision in decimal, ";" and for each
 * byte b:
 *   h1 = (h1 xor b) * 0x01000193 mod 2^32        h2 = (h2 xor b) * 0x85ebca6b mod 2^32, then h2 = h2 xor (h2 >> 13)
 * The digest is (h1 mod 2^21) * 2^32 + h2. It finds damage and loss; it is no proof against an adversary.
 */
export interface DigestItem {
  readonly sequence: number;
  readonly messageId: string;
  readonly revision: number;
  readonly reactions?: { readonly revision: number; readonly mineRevision: number } | undefined;
  readonly cardPart?: { readonly revision: number } | undefined;
}

/** The digest of `items`, which are in ascending order of sequence: an integer below 2^53. */
export function digestOf(items: Iterable<DigestItem>): number {
  let h1 = 0x811c9dc5;
  let h2 = 0xc2b2ae35;
  for (const item of items) {
    // As it was before there were revisions, for all that have none.
    const revision = item.revision > 0 ? `:${item.revision}` : "";
    const reactions = item.reactions === undefined ? "" : reactionsText(item.reactions);
    const part = item.cardPart === undefined ? "" : `+${item.cardPart.revision}`;
    const text = `${item.sequence}:${item.messageId}${revision}${reactions}${part};`;
    for (let index = 0; index < text.length; index++) {
      const byte = text.charCodeAt(index);
      h1 = Math.imul(h1 ^ byte, 0x01000193);
      h2 = Math.imul(h2 ^ byte, 0x85ebca6b);
      h2 ^= h2 >>> 13;
    }
  }
  return ((h1 >>> 0) % 2 ** 21) * 2 ** 32 + (h2 >>> 0);
}

/** What others give and what I give comes over two ways in a large group. */
function reactionsText({ revision, mineRevision }: NonNullable<DigestItem["reactions"]>): string {
  return mineRevision > 0 ? `~${revision}@${mineRevision}` : `~${revision}`;
}
