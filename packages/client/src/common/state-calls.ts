/** What is asked of the states of messages, and what is held of them since: reactions, pins, cards, and who has read what. */
import type { ConversationId, Pin, ReadCount } from "@parley/protocol";
import type { ParleyClient } from "./api.js";
import { CardCalls } from "./card-calls.js";
import type { CardActionPage, CardDeed, CardUpdate } from "./cards.js";
import type { Committed } from "./draft.js";
import type { MessageStatesParts } from "./message-states.js";
import { type LinkPreview, LinkPreviews } from "./link-previews.js";
import { Pins } from "./pins.js";
import { Reacting, type ReactionListPage } from "./reacting.js";
import { ReadCounts, type ReadersPage } from "./read-counts.js";

/** Its methods are those of the client. */
type Offered = Pick<
  ParleyClient,
  | "react"
  | "unreact"
  | "reactions"
  | "pin"
  | "unpin"
  | "pins"
  | "readers"
  | "readCounts"
  | "readCount"
  | "updateCard"
  | "actOnCard"
  | "cardActions"
  | "linkPreview"
>;

export class StateCalls implements Offered {
  readonly #reacting: Reacting;
  readonly #pins: Pins;
  readonly #readCounts: ReadCounts;
  readonly #cards: CardCalls;
  readonly #previews: LinkPreviews;

  constructor({ replica, requests, emitter, newId }: MessageStatesParts) {
    this.#cards = new CardCalls({ requests, newActionId: newId });
    this.#previews = new LinkPreviews({ replica, requests });
    this.#reacting = new Reacting(requests);
    this.#pins = new Pins({
      replica,
      requests,
      onChanged: (conversationId) => emitter.emit("pins", { conversationId }),
    });
    this.#readCounts = new ReadCounts({
      requests,
      onChanged: (conversationId) => emitter.emit("reads", { conversationId }),
    });
  }

  onCommitted(committed: Committed): void {
    this.#pins.onCommitted(committed);
    this.#readCounts.onCommitted(committed);
  }

  react(conversationId: ConversationId, sequence: number, key: string): Promise<void> {
    return this.#reacting.react({ conversationId, sequence }, key, false);
  }

  unreact(conversationId: ConversationId, sequence: number, key: string): Promise<void> {
    return this.#reacting.react({ conversationId, sequence }, key, true);
  }

  reactions(
    conversationId: ConversationId,
    sequence: number,
    page?: { readonly key?: string; readonly after?: string },
  ): Promise<ReactionListPage> {
    return this.#reacting.list({ conversationId, sequence }, page);
  }

  pin(conversationId: ConversationId, sequence: number): Promise<void> {
    return this.#pins.pin({ conversationId, sequence }, false);
  }

  unpin(conversationId: ConversationId, sequence: number): Promise<void> {
    return this.#pins.pin({ conversationId, sequence }, true);
  }

  pins(conversationId: ConversationId): Promise<readonly Pin[]> {
    return this.#pins.list(conversationId);
  }

  readers(
    conversationId: ConversationId,
    sequence: number,
    page?: { readonly isUnread?: boolean; readonly after?: string },
  ): Promise<ReadersPage> {
    return this.#readCounts.readers({ conversationId, sequence }, page);
  }

  readCounts(conversationId: ConversationId, sequences: readonly number[]): Promise<readonly ReadCount[]> {
    return this.#readCounts.fetch(conversationId, sequences);
  }

  readCount(conversationId: ConversationId, sequence: number): ReadCount | undefined {
    return this.#readCounts.find(conversationId, sequence);
  }

  updateCard(conversationId: ConversationId, sequence: number, update: CardUpdate): Promise<void> {
    return this.#cards.update({ conversationId, sequence }, update);
  }

  actOnCard(conversationId: ConversationId, sequence: number, deed: CardDeed): Promise<void> {
    return this.#cards.act({ conversationId, sequence }, deed);
  }

  linkPreview(conversationId: ConversationId, sequence: number): Promise<LinkPreview | undefined> {
    return this.#previews.find(conversationId, sequence);
  }

  cardActions(conversationId: ConversationId, sequence: number, after?: string): Promise<CardActionPage> {
    return this.#cards.actions({ conversationId, sequence }, after);
  }
}
