import type { Feed, FeedSink, Position } from "@parley/contracts";
import type { ManualTime } from "@parley/base/testing";

export interface LinkOptions {
  /** Bytes a second. */
  readonly rate: number;
  readonly roundTripMs: number;
  /** How long the device waits with a confirmation. */
  readonly confirmMs?: number;
}

/** A frame and a packet around events. */
const FRAME_BYTES = 60;

/** A device behind a network of a given speed, which confirms all that it gets. */
export class SlowLink implements FeedSink {
  feed: Feed | undefined;
  readonly #time: ManualTime;
  readonly #options: LinkOptions;
  /** When the last byte that was given to the network will be through. */
  #freeMs = 0;
  #confirming: Position | undefined;
  #newestMs = 0;
  /** Bytes that the network was given and has not brought. */
  onTheWay = 0;
  onTheWayMax = 0;
  frames = 0;
  rebases = 0;
  /** When each event came, in order. */
  readonly cameMs: number[] = [];

  constructor(time: ManualTime, options: LinkOptions) {
    this.#time = time;
    this.#options = options;
  }

  push(epoch: number, firstPts: number, events: readonly Uint8Array[]): void {
    const { rate, roundTripMs } = this.#options;
    const bytes = events.reduce((sum, event) => sum + event.length, FRAME_BYTES);
    this.frames += 1;
    this.onTheWay += bytes;
    this.onTheWayMax = Math.max(this.onTheWayMax, this.onTheWay);
    const nowMs = this.#time.monotonicMs();
    this.#freeMs = Math.max(nowMs, this.#freeMs) + (bytes / rate) * 1000;
    this.#time.after(Math.ceil(this.#freeMs + roundTripMs / 2 - nowMs), () => {
      this.onTheWay -= bytes;
      for (const _ of events) this.cameMs.push(this.#time.monotonicMs());
      this.#confirm({ epoch, pts: firstPts + events.length - 1 });
    });
  }

  rebase(position: Position): void {
    this.rebases += 1;
    this.#confirm(position);
  }

  ahead(): void {}

  caughtUp(): void {}

  hasRoom(): boolean {
    return true;
  }

  fail(): void {
    throw new Error("the feed failed");
  }

  #confirm(position: Position): void {
    const { roundTripMs, confirmMs = 200 } = this.#options;
    const isWaiting = this.#confirming !== undefined;
    this.#confirming = position;
    this.#newestMs = this.#time.monotonicMs();
    if (isWaiting) return;
    this.#time.after(confirmMs, () => {
      const confirmed = this.#confirming!;
      this.#confirming = undefined;
      const heldMs = this.#time.monotonicMs() - this.#newestMs;
      this.#time.after(roundTripMs / 2, () => this.feed?.confirm(confirmed, undefined, heldMs));
    });
  }
}
