/**
 * Feeds one connected device with its user's queue, or with the topic of a large group, in order and without a gap.
 *
 *              offer: next PTS is the one behind what waits, and memory for it
 *   ┌─────────────────────────────────────┐      ┌── otherwise: stays in the queue ──┐
 *   ▼                                     │      │                                   ▼
 *   LIVE ── push from memory, when the pacer lets it go         LIVE ──► BEHIND ── read pages, push ──► LIVE when sent = head
 *
 *   F1  Events are pushed in PTS order, each once per connection, none left out.
 *   F2  What is sent and not confirmed is bounded, over all feeds of a connection (PushPacer), and so is what waits in memory.
 *   F3  A device that cannot be continued from its position, or has fallen too far behind, gets a rebase, and then what follows
 *       its PTS; no second one before it has confirmed the first.
 *   F4  What is not for the device stands in its place as an event without any field, as ModuleFilter decides at the push.
 *   F5  Of an urgent event that has to wait a copy goes ahead, AHEAD_MAX of them over all feeds of a connection.
 */
import type { FeedSink, Position } from "@parley/contracts";
import type { ConversationId } from "@parley/protocol";
import { AheadCopies, type AheadRoom } from "./ahead-copies.js";
import { areLow, isLow } from "./event-class.js";
import type { ModuleFilter } from "./module-filter.js";
import type { PacedFeed, PushPacer, SentMark } from "./push-pacer.js";

/** Events read at a time, for a device that takes much. */
const PAGE_EVENTS = 256;
const PAGE_EVENTS_MIN = 16;
/** What waits in memory for a device; what does not fit waits in the queue. */
const WAITING_EVENTS_MAX = 256;
const WAITING_BYTES_MAX = 64 * 1024;
/** Collapse keys of events that came while others waited in memory. */
const NEWEST_KEYS_MAX = 256;
/** Events that go out together, so that a confirmation tells soon how fast the network is. */
const PUSH_BYTES = 16 * 1024;
/** About what an event takes, until some were seen. */
const EVENT_BYTES_FIRST = 300;
const SMOOTHING = 0.1;
/** Whoever needs long for what waits is better off with a rebase, unless this is all. */
const REBASE_BYTES_MIN = 64 * 1024;

/** What a feed needs from the sync service. */
export interface FeedSource {
  readHead(): Promise<Position>;
  /** Events after `pts`, in order without a gap, at most `limit`; none when the next one is no longer kept. */
  readAfter(pts: number, limit: number): Promise<readonly Uint8Array[]>;
  onConfirm(position: Position): void;
  onClose(): void;
}

/** A device further behind than this gets a rebase instead of the events. */
export interface RebaseLimits {
  readonly events: number;
  readonly bytes: number;
  /** Or one that would need longer than this to take all of them. */
  readonly catchUpMs: number;
}

export interface DeviceFeedOptions {
  readonly source: FeedSource;
  readonly filter: ModuleFilter;
  /** Shared by the feeds of one connection. */
  readonly aheadRoom: AheadRoom;
  readonly sink: FeedSink;
  /** The large group whose topic it is; undefined: the user's queue. */
  readonly conversationId?: ConversationId;
  /** Shared by the feeds of one connection. */
  readonly pacer: PushPacer;
  readonly rebase: RebaseLimits;
  /** False: each event is read, also when the device has everything before it; to compare with. */
  readonly isFromMemory: boolean;
}

export class DeviceFeed implements PacedFeed {
  readonly #source: FeedSource;
  readonly #filter: ModuleFilter;
  readonly #ahead: AheadCopies;
  readonly #sink: FeedSink;
  readonly #conversationId: ConversationId | undefined;
  readonly #pacer: PushPacer;
  readonly #limits: RebaseLimits;
  readonly #isFromMemory: boolean;
  #epoch = 0;
  #sentPts = 0;
  #confirmedPts = 0;
  #headPts = 0;
  /** The events after `sentPts`, as far as they are in memory. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Since when; undefined when nothing waits. */
  #waitingSinceMs: number | undefined;
  #areWaitingLow = true;
  /** Sent and not confirmed. */
  #marks: SentMark[] = [];
  #eventBytes = EVENT_BYTES_FIRST;
  /** Of the last rebase, until it is confirmed. */
  #rebasedPts: number | undefined;
  /** Where the queue stood at the start, until the device was given all up to there. */
  #startPts: number | undefined;
  #isReading = false;
  #isStarted = false;
  #isClosed = false;

  constructor(options: DeviceFeedOptions) {
    this.#source = options.source;
    this.#filter = options.filter;
    this.#sink = options.sink;
    this.#conversationId = options.conversationId;
    const { aheadRoom: room, filter, sink, conversationId } = options;
    this.#ahead = new AheadCopies({ room, filter, sink, conversationId });
    this.#pacer = options.pacer;
    this.#limits = options.rebase;
    this.#isFromMemory = options.isFromMemory;
  }

  /** Begins at the device's position. What is offered meanwhile is read from the queue afterwards. */
  async start(position: Position): Promise<void> {
    const head = await this.#source.readHead();
    if (this.#isClosed) return;
    this.#epoch = head.epoch;
    this.#headPts = Math.max(this.#headPts, head.pts);
    this.#startPts = this.#headPts;
    this.#isStarted = true;
    const reason = this.#rebaseReason(position, head);
    if (reason !== undefined) this.#rebase(reason);
    else {
      this.#sentPts = position.pts;
      this.#confirmedPts = position.pts;
      this.#noteSent();
    }
    // Resolves after the first pages: what a client asks after that is answered behind them.
    await this.#catchUp();
    this.#continue();
  }

  /** New durable events, the first at `firstPts`. */
  offer(epoch: number, firstPts: number, made: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    this.#headPts = firstPts + made.length - 1;
    const events = this.#filter.offered(firstPts, made, this.#isHolding);
    // What is held is read again then, with what has replaced it.
    if (this.#filter.newestCount > NEWEST_KEYS_MAX && !this.#isReading) this.#forgetWaiting();
    const isNext =
      this.#isStarted &&
      !this.#isReading &&
      firstPts === this.#sentPts + this.#waiting.length + 1 &&
      this.#isFromMemory;
    if (!isNext) this.#continue();
    else if (this.#waiting.length === 0 && this.#mayGo(areLow(events))) this.#pushAll(epoch, events);
    else {
      this.#waitWith(events);
      this.#continue();
    }
    const sent = Math.max(0, this.#sentPts + 1 - firstPts);
    if (this.#isStarted && sent < events.length)
      this.#ahead.send(epoch, firstPts + sent, sent === 0 ? events : events.slice(sent));
  }

  confirm(position: Position, heldMs = 0): void {
    const { epoch } = position;
    // Of a topic the device may have more than it was sent: its entry of the list is newer.
    const isAhead = position.pts > this.#sentPts;
    if (epoch !== this.#epoch || (isAhead && this.#conversationId === undefined)) return;
    const pts = Math.min(position.pts, this.#sentPts);
    const isRebased = this.#rebasedPts !== undefined && pts >= this.#rebasedPts;
    if (isRebased) this.#rebasedPts = undefined;
    if (pts <= this.#confirmedPts) {
      // With the list that it has fetched it has all up to there.
      if (isRebased) this.#source.onConfirm({ epoch, pts });
      return;
    }
    const confirmed = this.#takeMarks(pts);
    this.#confirmedPts = pts;
    this.#source.onConfirm({ epoch, pts });
    this.#pacer.confirmed(confirmed, heldMs);
    this.#continue();
  }

  resume(): void {
    this.#continue();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forgetWaiting();
    this.#ahead.passed(this.#headPts);
    this.#pacer.remove(this);
    this.#pacer.forget(this.#marks);
    this.#marks = [];
    this.#source.onClose();
  }

  #rebaseReason(
    position: Position,
    head: Position,
  ): "new-device" | "unknown-epoch" | "too-far-behind" | undefined {
    if (position.epoch === 0) return "new-device";
    if (position.epoch !== head.epoch || position.pts > head.pts) return "unknown-epoch";
    if (head.pts - position.pts > this.#limits.events) return "too-far-behind";
    return undefined;
  }

  #rebase(reason: "new-device" | "unknown-epoch" | "too-far-behind"): void {
    const marks = this.#marks;
    this.#marks = [];
    this.#forgetWaiting();
    this.#sentPts = this.#headPts;
    this.#confirmedPts = this.#headPts;
    this.#rebasedPts = this.#headPts;
    this.#ahead.passed(this.#headPts);
    this.#sink.rebase({ epoch: this.#epoch, pts: this.#headPts }, reason, this.#conversationId);
    this.#noteSent();
    this.#pacer.forget(marks);
  }

  /** Whether a rebase brings the device to what is newest sooner than all that waits would. */
  get #isFarBehind(): boolean {
    if (this.#rebasedPts !== undefined) return false;
    const events = this.#headPts - this.#sentPts;
    const bytes = events * this.#eventBytes;
    if (events > this.#limits.events || bytes > this.#limits.bytes) return true;
    const { rate } = this.#pacer;
    return rate !== undefined && bytes > REBASE_BYTES_MIN && bytes / rate > this.#limits.catchUpMs;
  }

  /** Whether something may go out now; if not, the feed is resumed when it may. */
  #mayGo(areLowEvents: boolean): boolean {
    if (this.#isFarBehind) return true;
    if (this.#sink.hasRoom()) return this.#pacer.mayGo(this, this.#waitingSinceMs, areLowEvents);
    this.#pacer.wait(this);
    return false;
  }

  get #canGo(): boolean {
    if (!this.#isStarted || this.#isReading || this.#isClosed || this.#sentPts >= this.#headPts) return false;
    return this.#mayGo(this.#waiting.length > 0 && this.#areWaitingLow);
  }

  #continue(): void {
    if (!this.#pushReady()) return;
    this.#catchUp().then(
      () => this.#continue(),
      () => this.#sink.fail(),
    );
  }

  /** Reads and pushes until the device has everything or has no room. */
  async #catchUp(): Promise<void> {
    while (this.#pushReady()) if (!(await this.#readPage())) this.#rebase("too-far-behind");
  }

  /** Pushes what is in memory, as far as it may go now. Returns whether what comes next has to be read. */
  #pushReady(): boolean {
    while (this.#canGo) {
      if (this.#isFarBehind) this.#rebase("too-far-behind");
      else if (this.#waiting.length > 0) this.#pushWaiting();
      else return true;
    }
    return false;
  }

  /** False: the next event is no longer kept. */
  async #readPage(): Promise<boolean> {
    const fitting = Math.ceil(this.#pacer.roomBytes / this.#eventBytes);
    const limit = Math.min(PAGE_EVENTS, Math.max(PAGE_EVENTS_MIN, fitting), this.#headPts - this.#sentPts);
    this.#isReading = true;
    try {
      const stored = await this.#source.readAfter(this.#sentPts, limit);
      const events = await this.#filter.stored(this.#sentPts + 1, stored);
      if (this.#isClosed) return true;
      for (const event of events) this.#keepWaiting(event);
      return events.length > 0;
    } finally {
      this.#isReading = false;
    }
  }

  /** Keeps events in memory, all of them or none. */
  #waitWith(events: readonly Uint8Array[]): void {
    if (this.#waiting.length + events.length > WAITING_EVENTS_MAX) return;
    let bytes = this.#waitingBytes;
    for (const event of events) bytes += event.length;
    if (bytes > WAITING_BYTES_MAX) return;
    for (const event of events) this.#keepWaiting(event);
  }

  #keepWaiting(event: Uint8Array): void {
    this.#waitingSinceMs ??= this.#pacer.nowMs();
    this.#waiting.push(event);
    this.#waitingBytes += event.length;
    this.#areWaitingLow &&= isLow(event);
  }

  /** Whether something is in memory, or on its way there, that a newer event may replace before it is pushed. */
  get #isHolding(): boolean {
    return this.#isReading || this.#waiting.length > 0;
  }

  #forgetWaiting(): void {
    this.#filter.forgetNewest();
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingSinceMs = undefined;
    this.#areWaitingLow = true;
  }

  /** Pushes what waits, as much as there is room for. */
  #pushWaiting(): void {
    const bytesMax = Math.min(PUSH_BYTES, this.#pacer.roomBytes);
    const countMax = Math.min(this.#waiting.length, this.#pacer.roomEvents);
    let bytes = this.#waiting[0]!.length;
    let count = 1;
    while (count < countMax && bytes + this.#waiting[count]!.length <= bytesMax)
      bytes += this.#waiting[count++]!.length;
    const events = this.#filter.held(this.#sentPts + 1, this.#waiting.splice(0, count));
    this.#waitingBytes -= bytes;
    if (this.#waiting.length === 0) this.#forgetWaiting();
    this.#push(this.#epoch, events, bytes);
  }

  /** Pushes what was just offered: all of it, or as much as there is room for. */
  #pushAll(epoch: number, events: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const event of events) bytes += event.length;
    const fits = events.length === 1 || bytes <= this.#pacer.roomBytes;
    if (fits && bytes <= PUSH_BYTES && events.length <= this.#pacer.roomEvents && !this.#isFarBehind)
      this.#push(epoch, events, bytes);
    else {
      this.#waitWith(events);
      this.#continue();
    }
  }

  #push(epoch: number, events: readonly Uint8Array[], bytes: number): void {
    const firstPts = this.#sentPts + 1;
    this.#sentPts += events.length;
    this.#ahead.passed(this.#sentPts);
    this.#eventBytes += SMOOTHING * (bytes / events.length - this.#eventBytes);
    this.#sink.push(epoch, firstPts, events, this.#conversationId);
    this.#marks.push(this.#pacer.sent(events.length, bytes, this.#sentPts));
    this.#noteSent();
    this.#pacer.rideAlong();
  }

  #noteSent(): void {
    if (this.#startPts === undefined || this.#sentPts < this.#startPts) return;
    this.#startPts = undefined;
    this.#sink.caughtUp(this.#conversationId);
  }

  /** Takes the marks of what is confirmed up to `pts`; one that is confirmed in part is divided. */
  #takeMarks(pts: number): readonly SentMark[] {
    let count = 0;
    while (count < this.#marks.length && this.#marks[count]!.endPts <= pts) count += 1;
    const taken = this.#marks.splice(0, count);
    const divided = this.#marks[0];
    if (divided === undefined) return taken;
    const events = divided.events - (divided.endPts - pts);
    if (events <= 0) return taken;
    const bytes = Math.floor((divided.bytes * events) / divided.events);
    this.#marks[0] = { ...divided, events: divided.events - events, bytes: divided.bytes - bytes };
    return [...taken, { ...divided, endPts: pts, events, bytes }];
  }
}
