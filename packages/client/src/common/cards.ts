/** Cards, as applications deal with them. What becomes of them comes as events. */
import {
  type CardAction,
  type ConversationId,
  type Event,
  type UserId,
  CARD_BYTES_MAX,
} from "@parley/protocol";
import { requireWithin } from "./text-limit.js";

/** An Adaptive Card, as JSON or as what JSON is made of. */
export type CardContent = string | Readonly<Record<string, unknown>>;

/** What a part of a card is from now on. */
export interface CardUpdate {
  /** Empty with a `userId`: the private part is taken away. */
  readonly content: CardContent;
  /** Above that of the part as it is. */
  readonly revision: number;
  /** Whose private part; left out: the part that all see. */
  readonly userId?: UserId;
}

/** What is done with a card. */
export interface CardDeed {
  readonly verb: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Of the content that was looked at: `cardOf` tells it. */
  readonly revision: number;
  /** Told again, it is done once. Left out: a new one. */
  readonly actionId?: string;
}

/** A page of what was done with a card: of everybody the last action. */
export interface CardActionPage {
  readonly items: readonly CardAction[];
  /** `after` of the next page; empty on the last one. */
  readonly next: string;
}

/** Somebody did something with a card of mine. */
export interface CardActed {
  readonly conversationId: ConversationId;
  readonly sequence: number;
  readonly action: CardAction;
}

/** The content as it is sent. Errors: "message-too-large". */
export function cardJson(content: CardContent): string {
  const json = typeof content === "string" ? content : JSON.stringify(content);
  requireWithin("card", json, CARD_BYTES_MAX);
  return json;
}

/** What an event tells of an action on a card of mine, if it does. */
export function cardActedOf({ cardAction }: Event): CardActed | undefined {
  if (cardAction?.action === undefined) return undefined;
  const { conversationId, sequence, action } = cardAction;
  return { conversationId, sequence, action };
}
