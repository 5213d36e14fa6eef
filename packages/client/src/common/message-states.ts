/** What the SDK offers beside messages themselves: reactions, pins, cards, and who has read what. */
import type { ConversationId, Pin, ReadCount } from "@parley/protocol";
import type { ParleyClient } from "./api.js";
import type { CardCalls } from "./card-calls.js";
import { cardActedOf, type CardActionPage, type CardDeed, type CardUpdate } from "./cards.js";
import type { Committed } from "./draft.js";
import type { Emitter } from "./emitter.js";
import type { Loaders } from "./loaders.js";
import { Pins } from "./pins.js";
import { Reacting, type ReactionListPage } from "./reacting.js";
import { ReadCounts, type ReadersPage } from "./read-counts.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";

export interface MessageStatesParts {
  readonly replica: Pick<Replica, "entry">;
  readonly requests: Pick<Requests, "call">;
  readonly emitter: Emitter;
  readonly newId: () => string;
  readonly load: Loaders["asking"];
}

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
>;

export class MessageStates implements Offered {
  readonly #reacting: Reacting;
  readonly #pins: Pins;
  readonly #readCounts: ReadCounts;
  readonly #cards: () => Promise<CardCalls>;
  readonly #emitter: Emitter;

  constructor({ replica, requests, emitter, newId, load }: MessageStatesParts) {
    this.#emitter = emitter;
    let cards: CardCalls | undefined;
    this.#cards = async () => {
      const { CardCalls } = await load();
      return (cards ??= new CardCalls({ requests, newActionId: newId }));
    };
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
    for (const event of committed.told) {
      const { doNotDisturb } = event.settings ?? {};
      if (doNotDisturb !== undefined) this.#emitter.emit("notifySettings", { doNotDisturb });
      const acted = cardActedOf(event);
      if (acted !== undefined) this.#emitter.emit("cardAction", acted);
    }
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

  async updateCard(conversationId: ConversationId, sequence: number, update: CardUpdate): Promise<void> {
    return (await this.#cards()).update({ conversationId, sequence }, update);
  }

  async actOnCard(conversationId: ConversationId, sequence: number, deed: CardDeed): Promise<void> {
    return (await this.#cards()).act({ conversationId, sequence }, deed);
  }

  async cardActions(
    conversationId: ConversationId,
    sequence: number,
    after?: string,
  ): Promise<CardActionPage> {
    return (await this.#cards()).actions({ conversationId, sequence }, after);
  }
}
