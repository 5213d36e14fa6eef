/**
 * Reactions: one key of a message is asked for one after another, so that what was done last stays. The change itself comes as
 * an event.
 */
import type { UserReactions } from "@parley/protocol";
import { REACTIONS_WAITING_MAX } from "./limits.js";
import type { MessagePlace } from "./message-changes.js";
import { OrderedCalls } from "./ordered-calls.js";
import type { Requests } from "./requests.js";

/** A page of who reacted. */
export interface ReactionListPage {
  readonly items: readonly UserReactions[];
  /** `after` of the next page; empty on the last one. */
  readonly next: string;
}

export class Reacting {
  readonly #requests: Pick<Requests, "call">;
  readonly #calls = new OrderedCalls(REACTIONS_WAITING_MAX);

  constructor(requests: Pick<Requests, "call">) {
    this.#requests = requests;
  }

  /** Errors: those of the request; "unavailable" when too many of one key wait. */
  async react(place: MessagePlace, key: string, isRemoval: boolean): Promise<void> {
    await this.#calls.run(`${place.conversationId} ${place.sequence} ${key}`, () =>
      this.#requests.call("react", { ...place, key, isRemoval }),
    );
  }

  /** Errors: those of the request. */
  async list(
    place: MessagePlace,
    { key = "", after = "" }: { readonly key?: string; readonly after?: string } = {},
  ): Promise<ReactionListPage> {
    const { items, next } = await this.#requests.call("getReactions", {
      ...place,
      key,
      after: after as UserReactions["userId"],
    });
    return { items, next };
  }
}
