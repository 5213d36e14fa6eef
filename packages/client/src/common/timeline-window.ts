/**
 * The messages of one open conversation that are in memory: a window into the store that has no holes. It follows the end of
 * what is held; or it was opened at a message elsewhere, its anchor, and grows only as it is told.
 */
import { type ConversationId, isSignal, type Message } from "@parley/protocol";
import { CONTEXT_MESSAGES, TIMELINE_MESSAGES_MAX, TIMELINE_PAGE } from "./limits.js";
import { isSameState } from "./message-revision.js";
import type { ClientStore, Span } from "./store.js";

export class TimelineWindow {
  readonly #store: ClientStore;
  readonly #conversationId: ConversationId;
  readonly #target: (anchor: number | undefined) => Span | undefined;
  #anchor: number | undefined;
  #span: Span | undefined;
  #messages: readonly Message[] = [];
  #shown: readonly Message[] = [];
  #shownOf: readonly Message[] | undefined;
  /** Reads follow each other, so that each sees what the one before it made of the window. */
  #reading: Promise<unknown> = Promise.resolve();
  #readingCount = 0;
  /** Deleted while a read was on its way, which may still bring it. */
  readonly #removed = new Set<number>();
  /** How often the newest page was asked for while it is on its way. */
  fetches = 0;
  /** What stands around a message is on its way, for `openAt`. */
  isLeaving = false;
  /** The snapshot has to be made anew when the reads are over. */
  isTouched = false;
  /** Messages of mine that have their place, but not their predecessors yet. */
  ahead: readonly Message[] = [];

  /** `target` is the held span that the window belongs in, as it is now: with the anchor in it, if there is one. */
  constructor(
    store: ClientStore,
    conversationId: ConversationId,
    target: (anchor: number | undefined) => Span | undefined,
  ) {
    this.#store = store;
    this.#conversationId = conversationId;
    this.#target = target;
  }

  /** What the window covers; undefined while nothing is held. */
  get span(): Span | undefined {
    return this.#span;
  }

  /** The sequence around which it was opened; undefined while it follows the end. */
  get anchor(): number | undefined {
    return this.#anchor;
  }

  /** Ascending; the same array until it changes. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Those of them that people see; the same array until they change. */
  get shown(): readonly Message[] {
    if (this.#shownOf !== this.#messages) {
      const hasSignal = this.#messages.some(({ body }) => isSignal(body));
      this.#shown = hasSignal ? this.#messages.filter(({ body }) => !isSignal(body)) : this.#messages;
      this.#shownOf = this.#messages;
    }
    return this.#shown;
  }

  get isReading(): boolean {
    return this.#readingCount > 0;
  }

  /** Reads what was added above the window, or begins anew when the held span is another one. */
  refresh(): Promise<boolean> {
    return this.#afterOthers(() => this.#refresh());
  }

  /** Begins anew around a sequence; at the end when that is not held. */
  openAt(sequence: number): Promise<boolean> {
    return this.#afterOthers(async () => {
      this.#anchor = sequence;
      this.#span = undefined;
      return this.#refresh();
    });
  }

  /** As `refresh`; begins anew at the end when it was elsewhere. */
  openNewest(): Promise<boolean> {
    return this.#afterOthers(async () => {
      if (this.#anchor !== undefined) this.#span = undefined;
      this.#anchor = undefined;
      return this.#refresh();
    });
  }

  /** The window has come to the end, and stays there from now on. */
  follow(): void {
    this.#anchor = undefined;
  }

  /** As `refresh`, and reads again what the window covers. */
  reload(): Promise<boolean> {
    return this.#afterOthers(async () => {
      const hasMoved = await this.#refresh();
      return (await this.#readAgain()) || hasMoved;
    });
  }

  /** Adds up to `count` older messages from the store. */
  extendBack(count: number): Promise<boolean> {
    return this.#afterOthers(() => this.#extendBack(count));
  }

  /** Adds up to `count` newer messages from the store. */
  extendForward(count: number): Promise<boolean> {
    return this.#afterOthers(() => this.#extendForward(count));
  }

  /** Takes out messages that were deleted. */
  remove(sequences: ReadonlySet<number>): void {
    if (this.isReading) for (const sequence of sequences) this.#removed.add(sequence);
    this.#messages = this.#messages.filter((message) => !sequences.has(message.sequence));
  }

  async #afterOthers(read: () => Promise<boolean>): Promise<boolean> {
    this.#readingCount += 1;
    const before = this.#reading;
    const current = before.then(read, read);
    this.#reading = current;
    try {
      return await current;
    } finally {
      this.#readingCount -= 1;
      if (this.#readingCount === 0) this.#removed.clear();
    }
  }

  async #refresh(): Promise<boolean> {
    let target = this.#target(this.#anchor);
    if (target === undefined && this.#anchor !== undefined) {
      // What it was opened at is held no more, or was never there.
      this.#anchor = undefined;
      this.#span = undefined;
      target = this.#target(undefined);
    }
    if (target === undefined) {
      const hasChanged = this.#span !== undefined;
      this.#span = undefined;
      this.#messages = [];
      return hasChanged;
    }
    const wasCut = this.#cutBelow(target.first);
    if (this.#anchor !== undefined) return (await this.#refreshAround(target, this.#anchor)) || wasCut;
    const span = this.#span;
    // A window that the target no longer holds, or that would leave a hole below the target, begins anew.
    const isInside = span !== undefined && span.first >= target.first && span.last >= target.first - 1;
    if (!isInside || span.last > target.last) return this.#begin(target);
    if (span.last === target.last) return wasCut;
    const added = await this.#read({ first: span.last + 1, last: target.last });
    const messages = [...this.#messages, ...added];
    const excess = Math.max(0, messages.length - TIMELINE_MESSAGES_MAX);
    this.#messages = messages.slice(excess);
    this.#span = {
      first: excess > 0 ? (this.#messages[0]?.sequence ?? span.first) : span.first,
      last: target.last,
    };
    return true;
  }

  /** What lies below the target is no longer held; what of the window lies in it stays as it is. */
  #cutBelow(first: number): boolean {
    const span = this.#span;
    if (span === undefined || span.first >= first || span.last < first) return false;
    this.#span = { first, last: span.last };
    this.#messages = this.#messages.filter((message) => message.sequence >= first);
    return true;
  }

  /** A window with an anchor stays as it is as long as the target holds it. */
  async #refreshAround(target: Span, anchor: number): Promise<boolean> {
    const span = this.#span;
    if (span !== undefined && span.first >= target.first && span.last <= target.last) return false;
    const below = { first: target.first, last: anchor - 1 };
    const last = Math.min(target.last, anchor + CONTEXT_MESSAGES);
    const older = await this.#read({ ...below, newest: CONTEXT_MESSAGES });
    const newer = await this.#read({ first: anchor, last });
    this.#span = { first: firstCovered(older, below, CONTEXT_MESSAGES), last };
    this.#messages = [...older, ...newer];
    return true;
  }

  async #begin(target: Span): Promise<boolean> {
    const messages = await this.#read({ ...target, newest: TIMELINE_PAGE });
    this.#span = { first: firstCovered(messages, target, TIMELINE_PAGE), last: target.last };
    this.#messages = messages;
    return true;
  }

  async #readAgain(): Promise<boolean> {
    const span = this.#span;
    if (span === undefined) return false;
    const messages = await this.#read(span);
    const isSame =
      messages.length === this.#messages.length &&
      messages.every((message, index) => isSameState(message, this.#messages[index]));
    if (!isSame) this.#messages = messages;
    return !isSame;
  }

  async #extendBack(count: number): Promise<boolean> {
    const target = this.#target(this.#anchor);
    const span = this.#span;
    if (target === undefined || span === undefined || count <= 0 || target.first >= span.first) return false;
    const older = { first: target.first, last: span.first - 1 };
    const messages = await this.#read({ ...older, newest: count });
    this.#span = { first: firstCovered(messages, older, count), last: span.last };
    this.#messages = [...messages, ...this.#messages];
    return true;
  }

  async #extendForward(count: number): Promise<boolean> {
    const target = this.#target(this.#anchor);
    const span = this.#span;
    if (target === undefined || span === undefined || count <= 0 || target.last <= span.last) return false;
    // Void sequences bring no message: it goes on until there is one.
    let last = span.last;
    let newer: readonly Message[] = [];
    while (newer.length === 0 && last < target.last) {
      const first = last + 1;
      last = Math.min(target.last, last + count);
      newer = await this.#read({ first, last });
    }
    const messages = [...this.#messages, ...newer];
    this.#messages = messages.slice(Math.max(0, messages.length - TIMELINE_MESSAGES_MAX));
    const wasCut = this.#messages.length < messages.length;
    this.#span = { first: wasCut ? this.#messages[0]!.sequence : span.first, last };
    return true;
  }

  async #read(range: Span & { readonly newest?: number }): Promise<readonly Message[]> {
    const messages = await this.#store.readMessages(this.#conversationId, range);
    return messages.filter((message) => !this.#removed.has(message.sequence));
  }
}

/** A full read begins at its oldest message; one that is not full has seen the whole range. */
function firstCovered(messages: readonly Message[], range: Span, count: number): number {
  return messages.length < count ? range.first : (messages[0]?.sequence ?? range.first);
}
