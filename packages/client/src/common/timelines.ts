/**
 * The open conversations. Each has a window of messages in memory, always whole: it lies in one held span, the newest
 * that is contiguous with what events told, or the one that it was opened at. Windows are read from the store, which is the only truth; a commit only
 * says that it is time to read again.
 */
import { Failure } from "@parley/base";
import {
  Body,
  type ConversationId,
  HISTORY_PAGE_MAX,
  type Message,
  filled,
  isSignal,
} from "@parley/protocol";
import type { PendingMessage, Timeline } from "./api.js";
import type { Committed } from "./draft.js";
import type { History } from "./history.js";
import { CONTEXT_MESSAGES, TIMELINE_MESSAGES_MAX, TIMELINE_PAGE } from "./limits.js";
import type { Replica } from "./replica.js";
import { findSpan, newestSpan } from "./spans.js";
import type { OutboxItem, Span } from "./store.js";
import { TimelineWindow } from "./timeline-window.js";

export interface TimelineParts {
  readonly replica: Replica;
  readonly history: History;
  readonly isConnected: () => boolean;
  readonly isInFlight: (item: OutboxItem) => boolean;
  readonly onChanged: (conversationId: ConversationId) => void;
  /** A read ended without a change. */
  readonly onIdle: () => void;
  readonly onError: (error: unknown) => void;
}

interface RefreshReason {
  /** A span of the conversation was stored anew. */
  readonly isReplaced: boolean;
  /** An event changed the entry. */
  readonly hasMoved: boolean;
}

export class Timelines {
  readonly #parts: TimelineParts;
  readonly #windows = new Map<ConversationId, TimelineWindow>();
  readonly #snapshots = new Map<ConversationId, Timeline>();

  constructor(parts: TimelineParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    for (const window of this.#windows.values()) if (window.isReading) return false;
    return true;
  }

  get(conversationId: ConversationId): Timeline | undefined {
    const window = this.#windows.get(conversationId);
    if (window === undefined) return undefined;
    const known = this.#snapshots.get(conversationId);
    if (known !== undefined) return known;
    const snapshot = this.#snapshot(conversationId, window);
    this.#snapshots.set(conversationId, snapshot);
    return snapshot;
  }

  /** Opens a conversation. Errors: those of a request, when there is nothing in the store to show. */
  async open(conversationId: ConversationId): Promise<Timeline> {
    const window = this.#openWindow(conversationId);
    await window.openNewest();
    this.touch(conversationId);
    if (this.#parts.isConnected() || window.span === undefined)
      await this.#fetchNewest(conversationId, window);
    return this.#require(conversationId);
  }

  /** Opens a conversation around a message. Errors: those of a request, when the store does not hold the message. */
  async openAt(conversationId: ConversationId, sequence: number): Promise<Timeline> {
    const window = this.#openWindow(conversationId);
    const { span } = window;
    if (span === undefined || sequence < span.first || sequence > span.last) {
      window.isLeaving = true;
      try {
        await this.#fetchAround(conversationId, sequence);
        await window.openAt(sequence);
      } finally {
        window.isLeaving = false;
      }
      this.#joinEnd(conversationId, window);
      this.touch(conversationId);
      if (window.span === undefined) await this.#fetchNewest(conversationId, window);
    }
    return this.#require(conversationId);
  }

  /** More of a conversation that was opened around a message, towards its end. */
  async loadNewer(conversationId: ConversationId, count: number = TIMELINE_PAGE): Promise<Timeline> {
    const window = this.#windows.get(conversationId);
    if (window === undefined) return this.open(conversationId);
    const { span, anchor } = window;
    if (anchor === undefined || span === undefined) return this.#require(conversationId);
    const isHeldOn = (this.#target(conversationId, anchor)?.last ?? 0) > span.last;
    if (!isHeldOn && !this.#isAtEnd(conversationId, window)) {
      await this.#parts.history.fetch(conversationId, {
        after: span.last,
        limit: Math.min(HISTORY_PAGE_MAX, count),
      });
    }
    await window.extendForward(count);
    this.#joinEnd(conversationId, window);
    this.touch(conversationId);
    return this.#require(conversationId);
  }

  isOpen(conversationId: ConversationId): boolean {
    return this.#windows.has(conversationId);
  }

  /** Somebody reads elsewhere than at the end of it. */
  isAway(conversationId: ConversationId): boolean {
    const window = this.#windows.get(conversationId);
    return window !== undefined && (window.isLeaving || window.anchor !== undefined);
  }

  close(conversationId: ConversationId): void {
    this.#windows.delete(conversationId);
    this.#snapshots.delete(conversationId);
  }

  closeAll(): void {
    this.#windows.clear();
    this.#snapshots.clear();
  }

  async loadOlder(conversationId: ConversationId, count: number = TIMELINE_PAGE): Promise<Timeline> {
    const window = this.#windows.get(conversationId);
    if (window === undefined) return this.open(conversationId);
    if (window.span === undefined) {
      await this.#fetchNewest(conversationId, window);
      return this.#require(conversationId);
    }
    if (window.messages.length + count > TIMELINE_MESSAGES_MAX) {
      throw new Failure("bad-request", "The timeline is full: close it and open it again.", {
        retry: "after-change",
      });
    }
    const { first } = window.span;
    const held = this.#target(conversationId, window.anchor);
    if (first > this.#firstVisible(conversationId) && held?.first === first) {
      await this.#parts.history.fetch(conversationId, {
        before: first,
        limit: Math.min(HISTORY_PAGE_MAX, count),
      });
    }
    await window.extendBack(count);
    this.touch(conversationId);
    return this.#require(conversationId);
  }

  /** The connection is up: windows that lack the newest messages fetch them. */
  onUp(): void {
    for (const [conversationId, window] of this.#windows) {
      this.#fetchNewest(conversationId, window).catch(this.#parts.onError);
    }
  }

  /** A message of mine got its place; until what precedes it is there too, it is shown as pending. */
  notePlaced(message: Message): void {
    const window = this.#windows.get(message.conversationId);
    if (window === undefined) return;
    window.ahead = [...window.ahead, message];
    this.touch(message.conversationId);
  }

  /** The snapshot is no longer right. */
  touch(conversationId: ConversationId): void {
    const window = this.#windows.get(conversationId);
    if (window === undefined) return;
    // What left the outbox may be what the read brings: shown together, or it would vanish for a moment.
    if (window.isReading) {
      window.isTouched = true;
      return;
    }
    window.isTouched = false;
    this.#snapshots.delete(conversationId);
    this.#parts.onChanged(conversationId);
  }

  onCommitted(committed: Committed): void {
    for (const [conversationId, window] of this.#windows) {
      const deleted = committed.deleted.get(conversationId);
      if (deleted !== undefined) window.remove(deleted);
      const isReplaced = committed.replaced.has(conversationId);
      // An entry that moved may show a span that was ahead of it, or a hole at the end.
      const hasMoved = committed.entries.has(conversationId);
      if (isReplaced || hasMoved || committed.spans.has(conversationId)) {
        this.#refresh(conversationId, window, { isReplaced, hasMoved });
      }
      if (deleted !== undefined || hasMoved || committed.outbox.has(conversationId))
        this.touch(conversationId);
    }
  }

  #openWindow(conversationId: ConversationId): TimelineWindow {
    const known = this.#windows.get(conversationId);
    if (known !== undefined) return known;
    const window = new TimelineWindow(this.#parts.replica.store, conversationId, (anchor) =>
      this.#target(conversationId, anchor),
    );
    this.#windows.set(conversationId, window);
    return window;
  }

  /** A window that has come to the end of its conversation follows it. */
  #joinEnd(conversationId: ConversationId, window: TimelineWindow): void {
    if (window.anchor !== undefined && this.#isAtEnd(conversationId, window)) window.follow();
  }

  /** Fetches what is not held of a message and those around it; without a connection only when it is not held at all. */
  async #fetchAround(conversationId: ConversationId, sequence: number): Promise<void> {
    const { history, replica, isConnected } = this.#parts;
    const limit = CONTEXT_MESSAGES;
    const heldSpan = (): Span | undefined =>
      findSpan(replica.state.spans.get(conversationId) ?? [], sequence);
    let held = heldSpan();
    if (held !== undefined && !isConnected()) return;
    const lastSequence = replica.entry(conversationId)?.lastSequence ?? Infinity;
    if (held === undefined) await history.fetch(conversationId, { after: sequence - 1, limit: limit + 1 });
    else if (held.last < Math.min(sequence + limit, lastSequence))
      await history.fetch(conversationId, { after: held.last, limit });
    held = heldSpan();
    if (held !== undefined && held.first > Math.max(sequence - limit, this.#firstVisible(conversationId)))
      await history.fetch(conversationId, { before: held.first, limit });
  }

  #refresh(conversationId: ConversationId, window: TimelineWindow, why: RefreshReason): void {
    const refreshed = why.isReplaced ? window.reload() : window.refresh();
    refreshed
      .then((hasChanged) => {
        if (hasChanged || window.isTouched) this.touch(conversationId);
        else this.#parts.onIdle();
        // An import tells only that the conversation grew. Only an event may cause a fetch, never the page it brought.
        if (!why.hasMoved || !this.#parts.isConnected() || this.#isAtEnd(conversationId, window))
          return undefined;
        return this.#fetchNewest(conversationId, window);
      })
      .catch(this.#parts.onError);
  }

  /** Fetches the newest page when the window does not end with the conversation, or shows less than a page. */
  async #fetchNewest(conversationId: ConversationId, window: TimelineWindow): Promise<void> {
    if (window.anchor !== undefined) return;
    const isShort = window.messages.length < TIMELINE_PAGE && !this.#isAtBeginning(conversationId, window);
    if (this.#isAtEnd(conversationId, window) && !isShort) return;
    window.fetches += 1;
    if (window.fetches > 1) return;
    try {
      // Once more when it was asked for meanwhile: a Rebase may have given up what this brought.
      do {
        window.fetches = 1;
        await this.#parts.history.fetch(conversationId, { limit: TIMELINE_PAGE });
        await window.refresh();
        await window.extendBack(TIMELINE_PAGE - window.messages.length);
      } while (window.fetches > 1 && !this.#isAtEnd(conversationId, window));
    } finally {
      window.fetches = 0;
    }
    this.touch(conversationId);
  }

  /** The span that the window belongs in, cut where this user may begin to see. */
  #target(conversationId: ConversationId, anchor: number | undefined): Span | undefined {
    const lastSequence = this.#parts.replica.entry(conversationId)?.lastSequence ?? 0;
    const spans = this.#parts.replica.state.spans.get(conversationId) ?? [];
    const span = anchor === undefined ? newestSpan(spans, lastSequence) : findSpan(spans, anchor);
    if (span === undefined) return undefined;
    const first = Math.max(span.first, this.#firstVisible(conversationId));
    return first > span.last ? undefined : { first, last: span.last };
  }

  #firstVisible(conversationId: ConversationId): number {
    return Math.max(1, this.#parts.replica.entry(conversationId)?.firstVisible ?? 1);
  }

  #isAtBeginning(conversationId: ConversationId, window: TimelineWindow): boolean {
    const firstVisible = this.#firstVisible(conversationId);
    if (window.span !== undefined) return window.span.first <= firstVisible;
    return (this.#parts.replica.entry(conversationId)?.lastSequence ?? 0) < firstVisible;
  }

  #isAtEnd(conversationId: ConversationId, window: TimelineWindow): boolean {
    const lastSequence = this.#parts.replica.entry(conversationId)?.lastSequence ?? 0;
    return (window.span?.last ?? 0) >= lastSequence || lastSequence < this.#firstVisible(conversationId);
  }

  #snapshot(conversationId: ConversationId, window: TimelineWindow): Timeline {
    const items = this.#parts.replica.state.outbox.get(conversationId) ?? [];
    const last = window.span?.last ?? 0;
    window.ahead = window.ahead.filter((message) => message.sequence > last);
    return {
      conversationId,
      messages: window.shown,
      // What is written stands behind the newest message, which is elsewhere now.
      pending:
        window.anchor !== undefined
          ? []
          : [
              ...window.ahead.map(aheadMessage),
              ...items.filter(isShown).map((item) => pendingMessage(item, this.#parts.isInFlight(item))),
            ],
      isAtBeginning: this.#isAtBeginning(conversationId, window),
      isAtEnd: this.#isAtEnd(conversationId, window),
    };
  }

  #require(conversationId: ConversationId): Timeline {
    const timeline = this.get(conversationId);
    if (timeline === undefined) {
      throw new Failure("unavailable", "The conversation was closed meanwhile.", { retry: "after-change" });
    }
    return timeline;
  }
}

/** A signal is for other modules alone. */
function isShown({ body }: OutboxItem): boolean {
  return !isSignal(body);
}

/** What the application sees of an item of the outbox. */
export function pendingMessage(item: OutboxItem, isInFlight: boolean): PendingMessage {
  const { conversationId, clientMessageId, body, createdMs, failureCode } = item;
  if (failureCode !== "")
    return { conversationId, clientMessageId, body, createdMs, state: "failed", failureCode };
  return { conversationId, clientMessageId, body, createdMs, state: isInFlight ? "sending" : "queued" };
}

function aheadMessage(message: Message): PendingMessage {
  const { conversationId, clientMessageId, body, timeMs } = message;
  return {
    conversationId,
    clientMessageId,
    body: body ?? filled(Body, {}),
    createdMs: timeMs,
    state: "sending",
  };
}
