/** The messages of one open conversation that are in memory: a window into the store that has no holes. */
import type { ConversationId, Message } from "@parley/protocol";
import { TIMELINE_MESSAGES_MAX, TIMELINE_PAGE } from "./limits.js";
import type { ClientStore, Span } from "./store.js";

export class TimelineWindow {
  readonly #store: ClientStore;
  readonly #conversationId: ConversationId;
  readonly #target: () => Span | undefined;
  #span: Span | undefined;
  #messages: readonly Message[] = [];
  /** Reads follow each other, so that each sees what the one before it made of the window. */
  #reading: Promise<unknown> = Promise.resolve();
  #readingCount = 0;
  /** Deleted while a read was on its way, which may still bring it. */
  readonly #removed = new Set<number>();
  /** A fetch of the newest page is on its way. */
  isFetching = false;
  /** The snapshot has to be made anew when the reads are over. */
  isTouched = false;
  /** Messages of mine that have their place, but not their predecessors yet. */
  ahead: readonly Message[] = [];

  /** `target` is the held span that the window belongs in, as it is now. */
  constructor(store: ClientStore, conversationId: ConversationId, target: () => Span | undefined) {
    this.#store = store;
    this.#conversationId = conversationId;
    this.#target = target;
  }

  /** What the window covers; undefined while nothing is held. */
  get span(): Span | undefined {
    return this.#span;
  }

  /** Ascending; the same array until it changes. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  get isReading(): boolean {
    return this.#readingCount > 0;
  }

  /** Reads what was added above the window, or begins anew when the held span is another one. */
  refresh(): Promise<boolean> {
    return this.#afterOthers(() => this.#refresh());
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
    const target = this.#target();
    if (target === undefined) {
      const hasChanged = this.#span !== undefined;
      this.#span = undefined;
      this.#messages = [];
      return hasChanged;
    }
    const wasCut = this.#cutBelow(target.first);
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
    const target = this.#target();
    const span = this.#span;
    if (target === undefined || span === undefined || count <= 0 || target.first >= span.first) return false;
    const older = { first: target.first, last: span.first - 1 };
    const messages = await this.#read({ ...older, newest: count });
    this.#span = { first: firstCovered(messages, older, count), last: span.last };
    this.#messages = [...messages, ...this.#messages];
    return true;
  }

  async #read(range: Span & { readonly newest?: number }): Promise<readonly Message[]> {
    const messages = await this.#store.readMessages(this.#conversationId, range);
    return messages.filter((message) => !this.#removed.has(message.sequence));
  }
}

function isSameState(one: Message, other: Message | undefined): boolean {
  return one.messageId === other?.messageId && one.revision === other.revision;
}

/** A full read begins at its oldest message; one that is not full has seen the whole range. */
function firstCovered(messages: readonly Message[], range: Span, count: number): number {
  return messages.length < count ? range.first : (messages[0]?.sequence ?? range.first);
}
