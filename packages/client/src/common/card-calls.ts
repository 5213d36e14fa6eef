/** What is asked about cards: updates of mine, and what I do with those of others. */
import type { UserId } from "@parley/protocol";
import { type CardActionPage, type CardDeed, cardJson, type CardUpdate } from "./cards.js";
import { CARD_CALLS_WAITING_MAX } from "./limits.js";
import type { MessagePlace } from "./message-changes.js";
import { OrderedCalls } from "./ordered-calls.js";
import type { Requests } from "./requests.js";

export interface CardCallsParts {
  readonly requests: Pick<Requests, "call">;
  readonly newActionId: () => string;
}

export class CardCalls {
  readonly #parts: CardCallsParts;
  readonly #calls = new OrderedCalls(CARD_CALLS_WAITING_MAX);

  constructor(parts: CardCallsParts) {
    this.#parts = parts;
  }

  /** Errors: "message-too-large", those of the request; "unavailable" when too many of one part wait. */
  async update(place: MessagePlace, { content, revision, userId }: CardUpdate): Promise<void> {
    const json = cardJson(content);
    const part = userId ?? ("" as UserId);
    await this.#calls.run(`${place.conversationId} ${place.sequence} of ${part}`, () =>
      this.#parts.requests.call("updateCard", { ...place, userId: part, revision, content: json }),
    );
  }

  /** Errors: those of the request; "unavailable" when too many of one card wait. */
  async act(place: MessagePlace, { verb, data = {}, revision, actionId }: CardDeed): Promise<void> {
    const deed = { verb, data: JSON.stringify(data), revision };
    const id = actionId ?? this.#parts.newActionId();
    await this.#calls.run(`${place.conversationId} ${place.sequence}`, () =>
      this.#parts.requests.call("actOnCard", { ...place, actionId: id, ...deed }),
    );
  }

  /** Errors: those of the request. */
  async actions(place: MessagePlace, after = ""): Promise<CardActionPage> {
    const page = { ...place, after: after as UserId };
    const { items, next } = await this.#parts.requests.call("getCardActions", page);
    return { items, next };
  }
}
