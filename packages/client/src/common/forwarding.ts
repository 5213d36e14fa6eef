/** Messages that are sent on: what is given to the outbox for them, and what is shown until the server has made them. */
import { Body, type ConversationId, filled, forwardedBody, type Message } from "@parley/protocol";
import type { Outgoing } from "./sending.js";
import type { ClientStore } from "./store.js";

/** Where messages are that are to be sent on. */
export interface ForwardSource {
  readonly conversationId: ConversationId;
  readonly sequences: readonly number[];
}

/** How messages are forwarded. */
export interface ForwardOptions {
  /** All of them become one message. */
  readonly isMerged?: boolean;
  readonly title?: string;
}

/** The messages that a forward makes, in the order of their sources; `held` are those that this device knows. */
function forwardsOf(
  { conversationId, sequences }: ForwardSource,
  held: readonly Message[],
  { isMerged = false, title = "" }: ForwardOptions,
): readonly Outgoing[] {
  const ascending = sequences.toSorted((one, other) => one - other);
  const groups = isMerged ? [ascending] : ascending.map((sequence) => [sequence]);
  return groups.map((group) => {
    const messages = held.filter(({ sequence }) => group.includes(sequence));
    const body = shownBody(messages.length === group.length ? messages : [], { isMerged, title });
    return { body, audience: [], forward: { conversationId, sequences: group, isMerged, title } };
  });
}

/** As `forwardsOf`, with what the store holds of the sources. */
export async function forwardsFrom(
  store: ClientStore,
  source: ForwardSource,
  options: ForwardOptions,
): Promise<readonly Outgoing[]> {
  const first = Math.min(...source.sequences);
  const last = Math.max(...source.sequences);
  const held = await store.readMessages(source.conversationId, { first, last });
  return forwardsOf(source, held, options);
}

function shownBody(messages: readonly Message[], options: { isMerged: boolean; title: string }): Body {
  try {
    return forwardedBody(messages, options) ?? filled(Body, {});
  } catch {
    // Too much for one message: the server says so, and until then nothing is shown of it.
    return filled(Body, {});
  }
}
