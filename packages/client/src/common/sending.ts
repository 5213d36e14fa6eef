/** What is given to the outbox: bodies of any kind, to all or to some. */
import { Failure } from "@parley/base";
import { Body, CARD_BYTES_MAX, decode, encode, type Forward, type Init, type UserId } from "@parley/protocol";
import { PENDING_BODY_BYTES_MAX } from "./limits.js";
import { requireTextInLimit, requireWithin } from "./text-limit.js";

/** What an item of the outbox says. */
export interface Outgoing {
  /** Of a forward what is shown until the server has made it. */
  readonly body: Body;
  readonly audience: readonly UserId[];
  readonly forward: Forward | undefined;
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
