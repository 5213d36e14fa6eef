/**
 * The address of the page names the open conversation, and a message in it when one was looked for: `#/`, the id, and `/` with
 * the message's sequence. Back and forward work by themselves.
 */
import { type ConversationId, parseConversationId } from "@parley/protocol";

const PREFIX = "#/";

export interface Address {
  readonly conversationId: ConversationId;
  /** Undefined: the conversation as it is opened from the list. */
  readonly sequence: number | undefined;
}

/** What a fragment of an address names; undefined when it names nothing. */
export function addressOfHash(hash: string): Address | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  const [id = "", sequence = ""] = hash.slice(PREFIX.length).split("/");
  try {
    return {
      conversationId: parseConversationId(decodeURIComponent(id)),
      sequence: /^[1-9]\d{0,14}$/u.test(sequence) ? Number(sequence) : undefined,
    };
  } catch {
    // Typed by hand, or cut off when it was copied.
    return undefined;
  }
}

/** The fragment that names a conversation, or a message of it. */
export function hashOf(conversationId: ConversationId, sequence?: number): string {
  const id = `${PREFIX}${encodeURIComponent(conversationId)}`;
  return sequence === undefined ? id : `${id}/${sequence}`;
}
