/** A store's content in memory, for the stores that keep it there: what each change does, in one place. */
import type { ConversationEntry, ConversationId, Message } from "@parley/protocol";
import { isLater, merged, withCardPart, withReactions } from "./message-revision.js";
import type { Change, MessageRange, OutboxItem, Position, Span, StoreOwner, StoreState } from "./store.js";

/** Cost: holds everything; a change is O(1), reading a range is O(messages of the conversation). */
export class StoreImage {
  #owner: StoreOwner | undefined;
  #position: Position = { epoch: 0, pts: 0 };
  readonly #entries = new Map<ConversationId, ConversationEntry>();
  readonly #outbox = new Map<string, OutboxItem>();
  readonly #nextNumbers = new Map<ConversationId, number>();
  readonly #spans = new Map<ConversationId, readonly Span[]>();
  readonly #messages = new Map<ConversationId, Map<number, Message>>();
  #leader = 0;
  #given: readonly string[] = [];
  readonly #looked = new Map<ConversationId, number>();
  /** Messages that the changes being applied took away and did not put back. */
  readonly #taken = new Set<string>();
  /** The changes being applied made a message say something else. */
  #hasChanged = false;

  /** Returns whether the changes took away messages that were there, or what they said. */
  apply(changes: readonly Change[]): boolean {
    for (const change of changes) this.#applyOne(change);
    const hasTaken = this.#taken.size > 0 || this.#hasChanged;
    this.#taken.clear();
    this.#hasChanged = false;
    return hasTaken;
  }

  /** A copy that later changes do not reach. */
  state(): StoreState {
    return {
      owner: this.#owner,
      position: this.#position,
      entries: [...this.#entries.values()],
      outbox: [...this.#outbox.values()].toSorted((one, other) => one.order - other.order),
      nextNumbers: new Map(this.#nextNumbers),
      spans: new Map(this.#spans),
      leader: this.#leader,
      given: this.#given,
      looked: new Map(this.#looked),
    };
  }

  /** What gives the lead to another one. */
  nextLead(): Change {
    return { kind: "leader", leader: this.#leader + 1 };
  }

  /** Whether what was committed under this lead still counts; without one it always does. */
  isLedBy(leader: number | undefined): boolean {
    return leader === undefined || leader === this.#leader;
  }

  messages(conversationId: ConversationId, range: MessageRange): readonly Message[] {
    const found = [...(this.#messages.get(conversationId)?.values() ?? [])]
      .filter((message) => message.sequence >= range.first && message.sequence <= range.last)
      .toSorted((one, other) => one.sequence - other.sequence);
    return range.newest === undefined ? found : found.slice(Math.max(0, found.length - range.newest));
  }

  /** Changes that make an empty store equal to this one. */
  *asChanges(): Generator<Change> {
    if (this.#owner !== undefined) yield { kind: "owner", owner: this.#owner };
    yield { kind: "position", position: this.#position };
    for (const entry of this.#entries.values()) yield { kind: "put-entry", entry };
    for (const item of this.#outbox.values()) yield { kind: "put-outbox", item };
    for (const [conversationId, number] of this.#nextNumbers)
      yield { kind: "next-number", conversationId, number };
    for (const [conversationId, spans] of this.#spans) yield { kind: "spans", conversationId, spans };
    for (const messages of this.#messages.values()) {
      for (const message of messages.values()) yield { kind: "put-messages", messages: [message] };
    }
    for (const [conversationId, atMs] of this.#looked) yield { kind: "looked", conversationId, atMs };
    if (this.#leader > 0) yield { kind: "leader", leader: this.#leader };
    if (this.#given.length > 0) yield { kind: "given", clientMessageIds: this.#given };
  }

  #applyOne(change: Change): void {
    switch (change.kind) {
      case "clear":
        this.#clear();
        return;
      case "owner":
        this.#owner = change.owner;
        return;
      case "position":
        this.#position = change.position;
        return;
      case "put-entry":
        this.#entries.set(change.entry.conversationId, change.entry);
        return;
      case "delete-entry":
        this.#entries.delete(change.conversationId);
        return;
      case "put-messages":
        for (const message of change.messages) this.#putMessage(message);
        return;
      case "change-messages":
        for (const message of change.messages) this.#changeMessage(message);
        return;
      case "change-reactions":
        this.#changeReactions(change);
        return;
      case "change-card-part":
        this.#changeCardPart(change);
        return;
      case "delete-messages":
        this.#deleteMessages(change.conversationId, change.first, change.last);
        return;
      case "put-outbox":
        this.#outbox.set(`${change.item.conversationId}/${change.item.clientMessageId}`, change.item);
        return;
      case "delete-outbox":
        this.#outbox.delete(`${change.conversationId}/${change.clientMessageId}`);
        return;
      case "next-number":
        this.#nextNumbers.set(change.conversationId, change.number);
        return;
      case "spans":
        this.#spans.set(change.conversationId, change.spans);
        return;
      case "looked":
        this.#looked.set(change.conversationId, change.atMs);
        return;
      case "leader":
        this.#leader = change.leader;
        return;
      case "given":
        this.#given = change.clientMessageIds;
        return;
    }
  }

  #putMessage(message: Message): void {
    let messages = this.#messages.get(message.conversationId);
    if (messages === undefined) {
      messages = new Map();
      this.#messages.set(message.conversationId, messages);
    }
    const held = messages.get(message.sequence);
    if (isLater(held, message)) this.#hasChanged = true;
    messages.set(message.sequence, merged(held, message));
    if (this.#taken.size > 0) this.#taken.delete(nameOf(message.conversationId, message.sequence));
  }

  #changeMessage(message: Message): void {
    const messages = this.#messages.get(message.conversationId);
    if (isLater(messages?.get(message.sequence), message)) this.#putMessage(message);
  }

  #changeReactions(change: Extract<Change, { readonly kind: "change-reactions" }>): void {
    const messages = this.#messages.get(change.conversationId);
    const held = messages?.get(change.sequence);
    if (held !== undefined) messages?.set(change.sequence, withReactions(held, change.reactions));
  }

  #changeCardPart(change: Extract<Change, { readonly kind: "change-card-part" }>): void {
    const messages = this.#messages.get(change.conversationId);
    const held = messages?.get(change.sequence);
    if (held === undefined) return;
    const message = withCardPart(held, change.part);
    if (held.cardPart !== undefined && message !== held) this.#hasChanged = true;
    messages?.set(change.sequence, message);
  }

  #deleteMessages(conversationId: ConversationId, first: number, last: number): void {
    const messages = this.#messages.get(conversationId);
    if (messages === undefined) return;
    const take = (sequence: number): void => {
      if (messages.delete(sequence)) this.#taken.add(nameOf(conversationId, sequence));
    };
    if (first === last) {
      take(first);
      return;
    }
    for (const sequence of messages.keys()) if (sequence >= first && sequence <= last) take(sequence);
  }

  #clear(): void {
    this.#owner = undefined;
    this.#position = { epoch: 0, pts: 0 };
    this.#entries.clear();
    this.#outbox.clear();
    this.#nextNumbers.clear();
    this.#spans.clear();
    this.#leader = 0;
    this.#given = [];
    this.#looked.clear();
    for (const [conversationId, messages] of this.#messages)
      for (const sequence of messages.keys()) this.#taken.add(nameOf(conversationId, sequence));
    this.#messages.clear();
  }
}

function nameOf(conversationId: ConversationId, sequence: number): string {
  return `${conversationId} ${sequence}`;
}
