/** Searching what this device holds, without a connection: by the rules that the server searches by. */
import { type Ambient, turn } from "@parley/base";
import {
  type ConversationId,
  findWanted,
  isSearched,
  type Message,
  parseSearch,
  plainText,
  type SearchKind,
  searchKindsOf,
  type UserId,
} from "@parley/protocol";
import { LOCAL_HITS_MAX, LOCAL_SEARCH_MESSAGES, LOCAL_SEARCH_SLICE_MS } from "./limits.js";
import type { Replica } from "./replica.js";
import type { FoundMessage } from "./searching.js";

/** Where `searchLocal` looks, and for how much. */
export interface LocalSearchOptions {
  /** Default: all conversations. */
  readonly conversationId?: ConversationId;
  /** Default: of any kind. With one the text may be empty. */
  readonly kind?: SearchKind;
  /** Default: of everybody. With one the text may be empty. */
  readonly senderId?: UserId;
}

interface LocalSearchParts {
  readonly replica: Replica;
  readonly ambient: Ambient;
}

/**
 * What is found, as it is found: the conversations as in the list, the newest message first in each. Ends after LOCAL_HITS_MAX.
 * Errors: "bad-request" when nothing is asked for or too much. Cost: reads everything that is held, LOCAL_SEARCH_MESSAGES at a time,
 * and lets others run every LOCAL_SEARCH_SLICE_MS; nothing more once the caller takes nothing more.
 */
export async function* searchHeld(
  { replica, ambient }: LocalSearchParts,
  text: string,
  { conversationId, kind, senderId }: LocalSearchOptions,
): AsyncGenerator<readonly FoundMessage[]> {
  const { parts } = parseSearch({ text, kind: kind ?? "", senderId: senderId ?? "" });
  const isAskedFor = ({ body, senderId: by }: Message): boolean =>
    isSearched(body) &&
    (senderId === undefined || by === senderId) &&
    (kind === undefined || searchKindsOf(body).includes(kind));
  const where =
    conversationId === undefined
      ? replica.conversations().map((entry) => entry.conversationId)
      : [conversationId];
  const { clock, scheduler } = ambient;
  let sliceBeganMs = clock.monotonicMs();
  let hitCount = 0;
  for (const each of where) {
    for await (const messages of pagesOf(replica, each)) {
      const hits: FoundMessage[] = [];
      for (const message of messages) {
        if (clock.monotonicMs() - sliceBeganMs >= LOCAL_SEARCH_SLICE_MS) {
          await turn(scheduler);
          sliceBeganMs = clock.monotonicMs();
        }
        const spans = isAskedFor(message) ? findWanted(parts, plainText(message.body)) : undefined;
        if (spans !== undefined) hits.push({ message, spans });
      }
      const taken = hits.slice(0, LOCAL_HITS_MAX - hitCount);
      hitCount += taken.length;
      if (taken.length > 0) yield taken;
      if (hitCount >= LOCAL_HITS_MAX) return;
    }
  }
}

/** What is held of a conversation, the newest first. */
async function* pagesOf(
  replica: Replica,
  conversationId: ConversationId,
): AsyncGenerator<readonly Message[]> {
  for (const { first, last } of (replica.state.spans.get(conversationId) ?? []).toReversed()) {
    let before = last;
    while (before >= first) {
      const range = { first, last: before, newest: LOCAL_SEARCH_MESSAGES };
      const messages = await replica.store.readMessages(conversationId, range);
      yield messages.toReversed();
      // A page that is not full has seen the whole span.
      if (messages.length < LOCAL_SEARCH_MESSAGES) break;
      before = messages[0]!.sequence - 1;
    }
  }
}
