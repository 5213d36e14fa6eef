/** Frames of synchronisation: what is pushed of a user's queue and of topics, and how far a device is. */
import { bytes, bytesList, list, schema, string, uint } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";

/** How far a device is in the topic of a large group. */
export const TopicPosition = schema("TopicPosition", {
  conversationId: string<ConversationId>(1),
  pts: uint(2),
});

/**
 * Asks for what comes over the topics of large groups after these positions, from now until the connection ends or the
 * membership does. Topics of others are left out: the queue tells who is no longer a member. `epoch` is that of the
 * device's own position. Answered by Done when the first of what is missed is on its way.
 */
export const Follow = schema("Follow", {
  requestId: uint(1),
  epoch: uint(2),
  topics: list(3, TopicPosition),
});

/** "I have applied and stored everything up to here." May be sent for many events at once. */
export const Confirm = schema("Confirm", {
  epoch: uint(1),
  pts: uint(2),
  /** The large group whose topic it is; empty: this user's queue. */
  conversationId: string<ConversationId>(3),
  /** How long after the last of it came: the rest of the time was the network's. */
  heldMs: uint(4),
});

/** Events `firstPts`, `firstPts + 1`, … of this user's queue or of a topic; each is an encoded Event. */
export const Push = schema("Push", {
  epoch: uint(1),
  firstPts: uint(2),
  events: bytesList(3),
  /** The large group whose topic it is; empty: this user's queue. */
  conversationId: string<ConversationId>(4),
});
/** Fetch the list again, or of a topic the entry; what is pushed next follows `pts`. */
export const Rebase = schema("Rebase", {
  epoch: uint(1),
  pts: uint(2),
  /** "new-device", "too-far-behind" or "unknown-epoch". */
  reason: string(3),
  /** The large group whose topic it is; empty: this user's queue. */
  conversationId: string<ConversationId>(4),
});

/**
 * A copy of an urgent event, before its place comes: more events stand before it than can be pushed now. It changes no
 * position, and comes again in its place.
 */
export const Ahead = schema("Ahead", {
  epoch: uint(1),
  pts: uint(2),
  /** An encoded Event, of a module. */
  event: bytes(3),
  /** The large group whose topic it is; empty: this user's queue. */
  conversationId: string<ConversationId>(4),
});
