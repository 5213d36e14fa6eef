/** Copies of urgent events that go ahead of what waits: bounded over all feeds of a connection, each until its place comes. */
import type { FeedSink } from "@parley/contracts";
import { AHEAD_MAX, type ConversationId } from "@parley/protocol";
import type { ModuleFilter } from "./module-filter.js";

/** How many copies one connection has that are ahead of their places. */
export class AheadRoom {
  #count = 0;

  tryTake(): boolean {
    if (this.#count >= AHEAD_MAX) return false;
    this.#count += 1;
    return true;
  }

  giveBack(count: number): void {
    this.#count -= count;
  }
}

export interface AheadCopiesOptions {
  readonly room: AheadRoom;
  readonly filter: Pick<ModuleFilter, "urgent">;
  readonly sink: Pick<FeedSink, "ahead">;
  readonly conversationId: ConversationId | undefined;
}

/** Those of one feed. */
export class AheadCopies {
  readonly #options: AheadCopiesOptions;
  /** Places that have not come yet, ascending. */
  readonly #places: number[] = [];

  constructor(options: AheadCopiesOptions) {
    this.#options = options;
  }

  /** Sends copies of what is urgent of these events, which wait; the first is at `firstPts`. */
  send(epoch: number, firstPts: number, events: readonly Uint8Array[]): void {
    const { room, filter, sink, conversationId } = this.#options;
    for (const [index, event] of filter.urgent(events)) {
      if (!room.tryTake()) return;
      this.#places.push(firstPts + index);
      sink.ahead(epoch, firstPts + index, event, conversationId);
    }
  }

  /** Everything up to `pts` has come, or never will. */
  passed(pts: number): void {
    let count = 0;
    while (count < this.#places.length && this.#places[count]! <= pts) count += 1;
    if (count === 0) return;
    this.#places.splice(0, count);
    this.#options.room.giveBack(count);
  }
}
