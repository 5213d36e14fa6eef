/**
 * Paces what is pushed to one connection, over its queue and all the topics that it follows.
 *
 *   P1  At most UNCONFIRMED_EVENTS_MAX events are sent and not confirmed, and as many bytes as wait in the network for less
 *       than about half a second. So what is urgent never stands behind much that was sent before, whatever buffers lie on the way.
 *   P2  On a fast network everything goes at once. On a slow one what comes within a part of a round trip goes together, and
 *       what is low waits LOW_WAIT_MS for company on any: a burst becomes few frames.
 *   P3  Whoever has to wait is offered room again: the queue first, then topics in turns.
 *
 * A confirmation says how long the device held it back, so that the rest of its time is the network's.
 */
import type { Clock, Scheduler, Timer } from "@parley/base";
import { UNCONFIRMED_EVENTS_MAX } from "@parley/protocol";

/** Sent and not confirmed on a connection of which nothing is known yet. */
const WINDOW_BYTES_FIRST = 32 * 1024;
const WINDOW_BYTES_MIN = 12 * 1024;
const WINDOW_BYTES_MAX = 2 * 1024 * 1024;
/** What is on its way waits in the network for as long as this: less, and the device is given more; more, and it is given less. */
const QUEUED_MS_LOW = 200;
const QUEUED_MS_HIGH = 500;
const GROWTH = 1.5;
/** What is sent when no more than this is on its way shows the round trip of an idle network … */
const ALONE_BYTES_MAX = 4 * 1024;
const ROUND_TRIP_MS_MAX = 3_000;
/** … and as long as nothing has, it is taken to be this at most: a longer one says that buffers are full. */
const BUSY_ROUND_TRIP_MS_MAX = 500;
/** From this round trip on a network is slow: each frame costs, and half a trip more is not noticed. */
const SLOW_MS = 80;
const HOLD_MS_MAX = 200;
/** Bytes a millisecond: two megabits a second. */
const SLOW_RATE = 250;
/** What nobody waits for may wait this long for company. */
const LOW_WAIT_MS = 250;
const SMOOTHING = 0.25;

export interface PacedFeed {
  /** There may be room. */
  resume(): void;
}

/** Bytes of events that went out together, until they are confirmed. */
export interface SentMark {
  readonly endPts: number;
  readonly events: number;
  readonly bytes: number;
  readonly sentMs: number;
  /** All that was confirmed when it went out. */
  readonly confirmedBytes: number;
  /** Whether more waited than there was room for. */
  readonly isLimited: boolean;
  /** Whether little else was on its way. */
  readonly isAlone: boolean;
}

export interface PushPacerOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** False: everything goes at once, as far as there is room; to compare with. */
  readonly isMerging?: boolean;
}

export class PushPacer {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #isMerging: boolean;
  readonly #waiting = new Set<PacedFeed>();
  /** The queue's feed, which is asked before the others. */
  #first: PacedFeed | undefined;
  #unconfirmedEvents = 0;
  #unconfirmedBytes = 0;
  #confirmedBytes = 0;
  #windowBytes = WINDOW_BYTES_FIRST;
  /** Bytes a millisecond that the device takes, when it is given enough. */
  #rate: number | undefined;
  #roundTripMs: number | undefined;
  /** Of an idle network, as far as it is known. */
  #idleRoundTripMs = BUSY_ROUND_TRIP_MS_MAX;
  /** What of a trip was waiting, smoothed. */
  #queuedMs: number | undefined;
  #changedMs = Number.NEGATIVE_INFINITY;
  #sentMs = Number.NEGATIVE_INFINITY;
  #isLimited = false;
  #timer: Timer | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  /** Something goes out: whoever waits goes with it, one packet for all. */
  #isRiding = false;

  constructor({ clock, scheduler, isMerging = true }: PushPacerOptions) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#isMerging = isMerging;
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  set first(feed: PacedFeed) {
    this.#first = feed;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Of the network alone, smoothed; undefined until something was confirmed. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Bytes a millisecond; undefined as long as the device was never given more than it took at once. */
  get rate(): number | undefined {
    return this.#rate;
  }

  /** Whether the network takes long for what the server makes in no time; undefined until something was confirmed. */
  get isSlow(): boolean | undefined {
    if (this.#roundTripMs === undefined) return undefined;
    return this.#roundTripMs >= SLOW_MS || (this.#rate ?? Number.POSITIVE_INFINITY) < SLOW_RATE;
  }

  /** How many events may go out now. */
  get roomEvents(): number {
    return Math.max(0, UNCONFIRMED_EVENTS_MAX - this.#unconfirmedEvents);
  }

  /** How many bytes may go out now. One event may go whatever its size when nothing is on its way. */
  get roomBytes(): number {
    return Math.max(0, this.#windowBytes - this.#unconfirmedBytes);
  }

  get isFull(): boolean {
    return this.roomEvents === 0 || (this.#unconfirmedEvents > 0 && this.roomBytes === 0);
  }

  /**
   * Whether events that wait since `sinceMs`, by default from now on, may go out now. When not, the feed is resumed later.
   * `areLow`: none of them is of more than a low class.
   */
  mayGo(feed: PacedFeed, sinceMs: number | undefined, areLow: boolean): boolean {
    if (this.isFull) {
      this.#isLimited = true;
      this.#waiting.add(feed);
      return false;
    }
    if (!this.#isMerging) return true;
    const dueMs = this.#isRiding ? 0 : this.#dueMs(sinceMs, areLow);
    if (dueMs === 0) return true;
    const nowMs = this.#clock.monotonicMs();
    if (dueMs <= nowMs) return true;
    this.#waiting.add(feed);
    this.#resumeAt(dueMs, nowMs);
    return false;
  }

  /** The feed cannot go on for a reason of its own, as a full socket; it is resumed with the others. */
  wait(feed: PacedFeed): void {
    this.#waiting.add(feed);
  }

  /** Events went out. */
  sent(events: number, bytes: number, endPts: number): SentMark {
    const sentMs = this.#clock.monotonicMs();
    this.#unconfirmedEvents += events;
    this.#unconfirmedBytes += bytes;
    const mark = {
      endPts,
      events,
      bytes,
      sentMs,
      confirmedBytes: this.#confirmedBytes,
      isLimited: this.#isLimited,
      isAlone: this.#unconfirmedBytes <= ALONE_BYTES_MAX,
    };
    this.#sentMs = sentMs;
    this.#isLimited = false;
    return mark;
  }

  /** Something went out: what waits for company has it now. */
  rideAlong(): void {
    if (!this.#isRiding) this.#offerRoom(true);
  }

  /** A device has confirmed `marks`, in the order in which they were sent, and held that back for `heldMs`. */
  confirmed(marks: readonly SentMark[], heldMs: number): void {
    const newest = marks.at(-1);
    if (newest === undefined) return;
    for (const { events, bytes } of marks) {
      this.#unconfirmedEvents -= events;
      this.#unconfirmedBytes -= bytes;
      this.#confirmedBytes += bytes;
    }
    this.#measure(
      newest,
      marks.some(({ isLimited }) => isLimited),
      heldMs,
    );
    this.resume();
  }

  /** Marks that will never be confirmed: their feed has ended or begins anew. */
  forget(marks: readonly SentMark[]): void {
    for (const { events, bytes } of marks) {
      this.#unconfirmedEvents -= events;
      this.#unconfirmedBytes -= bytes;
    }
    if (marks.length > 0) this.resume();
  }

  /** Offers room to all who wait: the queue first, then those who have waited for longest. */
  resume(): void {
    this.#offerRoom(this.#isRiding);
  }

  remove(feed: PacedFeed): void {
    this.#waiting.delete(feed);
  }

  close(): void {
    this.#cancelTimer();
    this.#waiting.clear();
  }

  #offerRoom(isRiding: boolean): void {
    if (this.#waiting.size === 0) return;
    const wasRiding = this.#isRiding;
    this.#isRiding = isRiding;
    const waiting = [...this.#waiting];
    if (this.#first !== undefined && this.#waiting.has(this.#first)) waiting.unshift(this.#first);
    for (const feed of waiting) {
      // Those who got nothing stay where they are, before those who did.
      if (this.isFull) this.#isLimited = true;
      else if (this.#waiting.delete(feed)) feed.resume();
    }
    this.#isRiding = wasRiding;
    if (this.#waiting.size === 0) this.#cancelTimer();
  }

  /** When what waits since `sinceMs` has to go; 0: at once. */
  #dueMs(sinceMs: number | undefined, areLow: boolean): number {
    if (areLow) return (sinceMs ?? this.nowMs()) + LOW_WAIT_MS;
    const roundTripMs = this.#roundTripMs ?? 0;
    if (roundTripMs < SLOW_MS || this.#unconfirmedEvents === 0) return 0;
    return this.#sentMs + Math.min(HOLD_MS_MAX, roundTripMs / 2);
  }

  #measure({ sentMs, confirmedBytes, isAlone }: SentMark, isLimited: boolean, heldMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = Math.max(1, nowMs - sentMs);
    const tripMs = Math.max(0, elapsedMs - heldMs);
    this.#roundTripMs = smoothed(this.#roundTripMs, tripMs);
    if (isAlone) this.#idleRoundTripMs = Math.min(tripMs, ROUND_TRIP_MS_MAX);
    else this.#idleRoundTripMs = Math.min(tripMs, this.#idleRoundTripMs);
    // Bytes beyond what the network carries wait in its buffers: that is what a trip takes longer than on an idle one.
    this.#queuedMs = smoothed(this.#queuedMs, tripMs - this.#idleRoundTripMs);
    if (!isLimited) return;
    this.#rate = smoothed(this.#rate, (this.#confirmedBytes - confirmedBytes) / elapsedMs);
    // Once for what was sent since the last change, so that its effect is seen.
    if (sentMs < this.#changedMs) return;
    let windowBytes = this.#windowBytes;
    if (this.#queuedMs < QUEUED_MS_LOW) windowBytes *= GROWTH;
    else if (this.#queuedMs > QUEUED_MS_HIGH) windowBytes /= GROWTH;
    else return;
    this.#windowBytes = Math.min(WINDOW_BYTES_MAX, Math.max(WINDOW_BYTES_MIN, windowBytes));
    this.#changedMs = nowMs;
  }

  #resumeAt(dueMs: number, nowMs: number): void {
    if (this.#timerMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    this.#timer = this.#scheduler.after(Math.ceil(dueMs - nowMs), () => {
      this.#timer = undefined;
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#offerRoom(true);
    });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }
}

function smoothed(before: number | undefined, sample: number): number {
  return before === undefined ? sample : before + SMOOTHING * (sample - before);
}
