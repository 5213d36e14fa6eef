/**
 * Cards: what an application shows in a conversation and changes later. The part that all see is the body of the message; beside
 * it a user may have a part of one's own, which stands instead of it. People's actions go to the application, the message's sender.
 */
import { type Infer, list, nested, schema, string, uint } from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";

/** One part of a card. Of two the higher `revision` is the part. */
export const Card = schema("Card", {
  /** JSON: an Adaptive Card of version 1.0 to 1.5. Empty in a private part that was taken away. */
  content: string(1),
  /** The application's own number: every change has a higher one. */
  revision: uint(2),
});
export type Card = Infer<typeof Card>;

/** What somebody did with a card. */
export const CardAction = schema("CardAction", {
  userId: string<UserId>(1),
  /** Chosen by who acts: what is sent again carries it again. */
  actionId: string(2),
  verb: string(3),
  /** A JSON object. */
  data: string(4),
  /** Of the content that was looked at. */
  revision: uint(5),
  timeMs: uint(6),
  /** Counts the actions on this card from 1. */
  number: uint(7),
});
export type CardAction = Infer<typeof CardAction>;

/** My own part of a card is this now. */
export const CardPartEvent = schema("CardPartEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  part: nested(3, Card),
});

/** To the sender of a card: somebody did this with it. */
export const CardActionEvent = schema("CardActionEvent", {
  conversationId: string<ConversationId>(1),
  sequence: uint(2),
  action: nested(3, CardAction),
});

/**
 * Replaces a part of a card of mine: the one that all see, or with `userId` that of one user, where an empty `content` takes it away.
 * Answered by Done when it is durable; the same once more is done.
 */
export const UpdateCard = schema("UpdateCard", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  userId: string<UserId>(4),
  revision: uint(5),
  content: string(6),
});

/** Does something with a card. Answered by Done when it is durable; with the same `actionId` once more it is done. */
export const ActOnCard = schema("ActOnCard", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  actionId: string(4),
  verb: string(5),
  data: string(6),
  revision: uint(7),
});

/** Asks, for a card of mine, for the last action of everybody who acted, by user id. */
export const GetCardActions = schema("GetCardActions", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
  after: string<UserId>(4),
  limit: uint(5),
});
export const CardActions = schema("CardActions", {
  requestId: uint(1),
  items: list(2, CardAction),
  /** Empty on the last page. */
  next: string<UserId>(3),
});

/** The newer of what two messages say of my part. */
export function newerPart(one: Card | undefined, other: Card | undefined): Card | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.revision >= one.revision ? other : one;
}
