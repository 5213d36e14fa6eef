/**
 * Feeds one connected device with its user's queue, in order and without a gap.
 *
 *              offer: next PTS is sent + 1, and room            offer: otherwise
 *   ┌───────────────────────────────┐      ┌──────────────────────────────────────────┐
 *   ▼                               │      │                                          ▼
 *   LIVE ── push from memory ───────┘      └─── LIVE ──► BEHIND ── read pages, push ──► LIVE when sent = head
 *
 *   F1  Events are pushed in PTS order, each once per connection, none left out.
 *   F2  At most UNCONFIRMED_EVENTS_MAX events are sent and not confirmed.
 *   F3  A device that cannot be continued from its position gets exactly one rebase, and then what follows its PTS.
 */
import type { Feed, FeedSink, Position } from "@parley/contracts";
import { UNCONFIRMED_EVENTS_MAX } from "@parley/protocol";

const PAGE_EVENTS = 256;

/** What a feed needs from the sync service. */
export interface FeedSource {
  readHead(): Promise<Position>;
  /** Events after `pts`, in order without a gap, at most `limit`; none when the next one is no longer kept. */
  readAfter(pts: number, limit: number): Promise<readonly Uint8Array[]>;
  onConfirm(position: Position): void;
  onClose(): void;
}

export interface DeviceFeedOptions {
  readonly source: FeedSource;
  readonly sink: FeedSink;
  /** A device further behind than this gets a rebase instead of the events. */
  readonly rebaseEventsMax: number;
}

export class DeviceFeed implements Feed {
  readonly #source: FeedSource;
  readonly #sink: FeedSink;
  readonly #rebaseEventsMax: number;
  #epoch = 0;
  #sentPts = 0;
  #confirmedPts = 0;
  #headPts = 0;
  #isReading = false;
  #isStarted = false;
  #isClosed = false;

  constructor(options: DeviceFeedOptions) {
    this.#source = options.source;
    this.#sink = options.sink;
    this.#rebaseEventsMax = options.rebaseEventsMax;
  }

  /** Begins at the device's position. What is offered meanwhile is read from the queue afterwards. */
  async start(position: Position): Promise<void> {
    const head = await this.#source.readHead();
    if (this.#isClosed) return;
    this.#epoch = head.epoch;
    this.#headPts = Math.max(this.#headPts, head.pts);
    this.#isStarted = true;
    const reason = this.#rebaseReason(position, head);
    if (reason !== undefined) this.#rebase(reason);
    else {
      this.#sentPts = position.pts;
      this.#confirmedPts = position.pts;
    }
    // Resolves after the first pages: what a client asks after that, such as a Ping, is answered behind them.
    this.#isReading = true;
    try {
      await this.#catchUp();
    } finally {
      this.#isReading = false;
    }
    this.#continue();
  }

  /** New durable events, the first at `firstPts`. */
  offer(epoch: number, firstPts: number, events: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    this.#headPts = firstPts + events.length - 1;
    const isNext = this.#isStarted && !this.#isReading && firstPts === this.#sentPts + 1;
    if (isNext && this.#hasRoom(events.length)) {
      this.#sentPts = this.#headPts;
      this.#sink.push(epoch, firstPts, events);
    } else this.#continue();
  }

  confirm(position: Position): void {
    if (position.epoch !== this.#epoch || position.pts > this.#sentPts || position.pts <= this.#confirmedPts)
      return;
    this.#confirmedPts = position.pts;
    this.#source.onConfirm(position);
    this.#continue();
  }

  resume(): void {
    this.#continue();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#source.onClose();
  }

  #rebaseReason(
    position: Position,
    head: Position,
  ): "new-device" | "unknown-epoch" | "too-far-behind" | undefined {
    if (position.epoch === 0) return "new-device";
    if (position.epoch !== head.epoch || position.pts > head.pts) return "unknown-epoch";
    if (head.pts - position.pts > this.#rebaseEventsMax) return "too-far-behind";
    return undefined;
  }

  #rebase(reason: "new-device" | "unknown-epoch" | "too-far-behind"): void {
    this.#sentPts = this.#headPts;
    this.#confirmedPts = this.#headPts;
    this.#sink.rebase({ epoch: this.#epoch, pts: this.#headPts }, reason);
  }

  #hasRoom(eventCount: number): boolean {
    return this.#sentPts + eventCount - this.#confirmedPts <= UNCONFIRMED_EVENTS_MAX && this.#sink.hasRoom();
  }

  #continue(): void {
    if (!this.#isStarted || this.#isReading || this.#isClosed) return;
    if (this.#sentPts >= this.#headPts || !this.#hasRoom(1)) return;
    this.#isReading = true;
    this.#catchUp().then(
      () => {
        this.#isReading = false;
        this.#continue();
      },
      () => this.#sink.fail(),
    );
  }

  /** Reads and pushes until the device has everything or has no room. */
  async #catchUp(): Promise<void> {
    while (!this.#isClosed && this.#sentPts < this.#headPts && this.#hasRoom(1)) {
      const room = UNCONFIRMED_EVENTS_MAX - (this.#sentPts - this.#confirmedPts);
      const events = await this.#source.readAfter(this.#sentPts, Math.min(PAGE_EVENTS, room));
      if (this.#isClosed) return;
      if (events.length === 0) {
        this.#rebase("too-far-behind");
        return;
      }
      const firstPts = this.#sentPts + 1;
      this.#sentPts += events.length;
      this.#sink.push(this.#epoch, firstPts, events);
    }
  }
}
