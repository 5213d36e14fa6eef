/** What is given to the outbox: bodies of any kind, to all or to some, and messages that are sent on. */
import { Failure } from "@parley/base";
import {
  Body,
  CARD_BYTES_MAX,
  type ConversationId,
  decode,
  encode,
  filled,
  type Forward,
  forwardedBody,
  type Init,
  type Message,
  type UserId,
} from "@parley/protocol";
import { PENDING_BODY_BYTES_MAX } from "./limits.js";
import type { ClientStore } from "./store.js";
import { requireTextInLimit, requireWithin } from "./text-limit.js";

/** What an item of the outbox says. */
export interface Outgoing {
  /** Of a forward what is shown until the server has made it. */
  readonly body: Body;
  readonly audience: readonly UserId[];
  readonly forward: Forward | undefined;
}

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

/** A body as the server will give it back. Errors: "message-too-large" where the server would refuse it for certain. */
export function outgoingOf(body: Init<Body>, audience: readonly UserId[] = []): Outgoing {
  if (body.text !== undefined) requireTextInLimit(body.text.text);
  if (body.card !== undefined) requireWithin("card", body.card.content ?? "", CARD_BYTES_MAX);
  const bytes = encode(Body, body);
  if (bytes.length > PENDING_BODY_BYTES_MAX)
    throw new Failure("message-too-large", "The message is too large.", { retry: "after-change" });
  return { body: decode(Body, new Uint8Array(bytes)), audience, forward: undefined };
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
