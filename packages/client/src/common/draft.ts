/** Changes on top of the replica's state that are not committed yet: reads see them, nobody else does. */
import type {
  Card,
  ClientMessageId,
  ConversationEntry,
  ConversationId,
  Event,
  Message,
  Reactions,
} from "@parley/protocol";
import { GIVEN_KEPT } from "./limits.js";
import { spansFrom } from "./spans.js";
import type { Change, OutboxItem, Position, Span, StoreOwner } from "./store.js";

/** What the client holds in memory; only a committed draft changes it. */
export interface ReplicaState {
  owner: StoreOwner | undefined;
  position: Position;
  readonly entries: Map<ConversationId, ConversationEntry>;
  /** By conversation, ascending by `order`; a conversation with nothing to send is not in it. */
  readonly outbox: Map<ConversationId, readonly OutboxItem[]>;
  readonly nextNumbers: Map<ConversationId, number>;
  readonly spans: Map<ConversationId, readonly Span[]>;
  /** The newest messages that other tabs gave, the oldest first. */
  given: readonly string[];
  readonly looked: Map<ConversationId, number>;
}

/** What a commit changed. */
export interface Committed {
  readonly entries: ReadonlySet<ConversationId>;
  readonly outbox: ReadonlySet<ConversationId>;
  readonly spans: ReadonlySet<ConversationId>;
  /** Conversations of which a span was replaced; messages that were only added show in their spans. */
  readonly replaced: ReadonlySet<ConversationId>;
  /** Sequences deleted, by conversation. */
  readonly deleted: ReadonlyMap<ConversationId, ReadonlySet<number>>;
  /** Messages that events changed, held or not, by conversation. */
  readonly changed: ReadonlyMap<ConversationId, readonly Message[]>;
  /** Conversations that I became a member of. */
  readonly joined: ReadonlySet<ConversationId>;
  /** What events told other modules. */
  readonly signals: readonly Message[];
  /** Reactions that events told of, in order, of messages held or not. */
  readonly reactions: readonly ToldReactions[];
  /** My parts of cards that events told of, in order, of messages held or not. */
  readonly cardParts: readonly ToldPart[];
  /** Events of what is not stored: pins, read counts, actions on cards, and those of modules. */
  readonly told: readonly Event[];
  /** The list was fetched anew: there are events that nobody will tell of. */
  readonly isRebased: boolean;
  /** Large groups whose topic was given up and begun anew. */
  readonly rebased: ReadonlySet<ConversationId>;
  /** Events about groups, in order. */
  readonly groups: readonly Event[];
}

/** The reactions of a message as an event told them. */
export interface ToldReactions {
  readonly conversationId: ConversationId;
  readonly sequence: number;
  readonly reactions: Reactions;
}

/** My part of a card as an event told it. */
export interface ToldPart {
  readonly conversationId: ConversationId;
  readonly sequence: number;
  readonly part: Card;
}

export class Draft {
  readonly #base: ReplicaState;
  #owner: StoreOwner | undefined;
  #position: Position | undefined;
  #given: readonly string[] | undefined;
  readonly #looked = new Map<ConversationId, number>();
  readonly #entries = new Map<ConversationId, ConversationEntry | undefined>();
  readonly #outbox = new Map<ConversationId, readonly OutboxItem[]>();
  readonly #nextNumbers = new Map<ConversationId, number>();
  readonly #spans = new Map<ConversationId, readonly Span[]>();
  readonly #replaced = new Set<ConversationId>();
  readonly #deleted = new Map<ConversationId, Set<number>>();
  readonly #changed = new Map<ConversationId, Message[]>();
  readonly #joined = new Set<ConversationId>();
  readonly #signals: Message[] = [];
  readonly #reactions: ToldReactions[] = [];
  readonly #cardParts: ToldPart[] = [];
  readonly #told: Event[] = [];
  #isRebased = false;
  readonly #rebased = new Set<ConversationId>();
  readonly #groups: Event[] = [];
  readonly #changes: Change[] = [];
  /** The messages of the last change, when that one can still take more. */
  #run: Message[] | undefined;

  constructor(base: ReplicaState) {
    this.#base = base;
  }

  get position(): Position {
    return this.#position ?? this.#base.position;
  }

  setPosition(position: Position): void {
    this.#position = position;
  }

  setOwner(owner: StoreOwner): void {
    this.#owner = owner;
  }

  /** Somebody looks at a conversation. */
  noteLooked(conversationId: ConversationId, atMs: number): void {
    this.#looked.set(conversationId, atMs);
    this.#changes.push({ kind: "looked", conversationId, atMs });
  }

  /** Gives up what is held below a sequence, as long as nobody needs it. It is fetched again when somebody looks at it. */
  evict(conversationId: ConversationId, before: number): void {
    this.setSpans(conversationId, spansFrom(this.spans(conversationId), before));
    this.#changes.push({ kind: "delete-messages", conversationId, first: 1, last: before - 1 });
  }

  /** Whether another tab gave this message before. */
  isGiven(clientMessageId: string): boolean {
    return (this.#given ?? this.#base.given).includes(clientMessageId);
  }

  noteGiven(clientMessageId: string): void {
    this.#given = [...(this.#given ?? this.#base.given), clientMessageId].slice(-GIVEN_KEPT);
  }

  entry(conversationId: ConversationId): ConversationEntry | undefined {
    if (this.#entries.has(conversationId)) return this.#entries.get(conversationId);
    return this.#base.entries.get(conversationId);
  }

  /** Puts an entry. When it begins later than the one before, what is held below its beginning goes. */
  putEntry(entry: ConversationEntry): void {
    const { conversationId, firstVisible } = entry;
    const before = this.entry(conversationId);
    this.#entries.set(conversationId, entry);
    const spans = this.spans(conversationId);
    // Of a conversation that is new here nothing is stored.
    if (before === undefined && spans.length === 0) return;
    if (firstVisible <= (before?.firstVisible ?? 1)) return;
    this.setSpans(conversationId, spansFrom(spans, firstVisible));
    // Not only what the spans say: messages of which they were given up are still stored.
    this.#changes.push({ kind: "delete-messages", conversationId, first: 1, last: firstVisible - 1 });
  }

  /** Makes `entries` the whole list. */
  replaceEntries(entries: readonly ConversationEntry[]): void {
    this.#isRebased = true;
    const listed = new Set(entries.map((entry) => entry.conversationId));
    for (const conversationId of [...this.#entries.keys(), ...this.#base.entries.keys()]) {
      if (!listed.has(conversationId)) this.#entries.set(conversationId, undefined);
    }
    for (const entry of entries) this.putEntry(entry);
  }

  /** Conversations of which messages are held. */
  heldConversations(): ReadonlySet<ConversationId> {
    return new Set([...this.#base.spans.keys(), ...this.#spans.keys()]);
  }

  spans(conversationId: ConversationId): readonly Span[] {
    return this.#spans.get(conversationId) ?? this.#base.spans.get(conversationId) ?? [];
  }

  setSpans(conversationId: ConversationId, spans: readonly Span[]): void {
    if (spans !== this.spans(conversationId)) this.#spans.set(conversationId, spans);
  }

  putMessage(message: Message): void {
    const last = this.#changes.at(-1);
    if (this.#run !== undefined && last?.kind === "put-messages" && last.messages === this.#run) {
      this.#run.push(message);
    } else {
      this.#run = [message];
      this.#changes.push({ kind: "put-messages", messages: this.#run });
    }
    this.#deleted.get(message.conversationId)?.delete(message.sequence);
  }

  /** Makes a message that is held what it is now; one that is not held is left out. */
  changeMessage(message: Message): void {
    const { conversationId } = message;
    this.#changes.push({ kind: "change-messages", messages: [message] });
    this.#changed.set(conversationId, [...(this.#changed.get(conversationId) ?? []), message]);
    this.#replaced.add(conversationId);
  }

  /** An event brought a signal, which is put as every message is. */
  noteSignal(message: Message): void {
    this.#signals.push(message);
  }

  /** Gives a message that is held these reactions; one that is not held is left out. */
  changeReactions(told: ToldReactions): void {
    this.#changes.push({ kind: "change-reactions", ...told });
    this.#reactions.push(told);
    this.#replaced.add(told.conversationId);
  }

  /** Gives a card that is held this private part; one that is not held is left out. */
  changeCardPart(told: ToldPart): void {
    this.#changes.push({ kind: "change-card-part", ...told });
    this.#cardParts.push(told);
    this.#replaced.add(told.conversationId);
  }

  /** Events of a topic are not coming. */
  noteRebased(conversationId: ConversationId): void {
    this.#rebased.add(conversationId);
  }

  /** An event of what is not stored. */
  tell(event: Event): void {
    this.#told.push(event);
  }

  /** An event about a group: nothing of it is stored. */
  noteGroup(event: Event): void {
    this.#groups.push(event);
  }

  deleteMessage(conversationId: ConversationId, sequence: number): void {
    this.#changes.push({ kind: "delete-messages", conversationId, first: sequence, last: sequence });
    let deleted = this.#deleted.get(conversationId);
    if (deleted === undefined) {
      deleted = new Set();
      this.#deleted.set(conversationId, deleted);
    }
    deleted.add(sequence);
  }

  /** An event says that I am a member from now on. */
  noteJoined(conversationId: ConversationId): void {
    this.#joined.add(conversationId);
  }

  /** What this draft deletes of a conversation. */
  deleted(conversationId: ConversationId): Iterable<number> {
    return this.#deleted.get(conversationId) ?? [];
  }

  /** What this draft changes in a conversation, in order. */
  changed(conversationId: ConversationId): readonly Message[] {
    return this.#changed.get(conversationId) ?? [];
  }

  /** The reactions that this draft gives to messages, in order. */
  reactions(): readonly ToldReactions[] {
    return this.#reactions;
  }

  /** The private parts that this draft gives to cards, in order. */
  cardParts(): readonly ToldPart[] {
    return this.#cardParts;
  }

  /** Makes `messages` all that is stored of a span. */
  replaceMessages(conversationId: ConversationId, span: Span, messages: readonly Message[]): void {
    this.#changes.push({ kind: "delete-messages", conversationId, ...span });
    if (messages.length > 0) this.#changes.push({ kind: "put-messages", messages });
    this.#replaced.add(conversationId);
  }

  outbox(conversationId: ConversationId): readonly OutboxItem[] {
    return this.#outbox.get(conversationId) ?? this.#base.outbox.get(conversationId) ?? [];
  }

  /** Adds an item, or replaces the one with its client message id. */
  putOutboxItem(item: OutboxItem): void {
    const others = this.outbox(item.conversationId).filter(
      (one) => one.clientMessageId !== item.clientMessageId,
    );
    // Items nearly always go to the end, and then there is nothing to sort.
    const isLast = (others.at(-1)?.order ?? -1) < item.order;
    const items = [...others, item];
    this.#outbox.set(
      item.conversationId,
      isLast ? items : items.toSorted((one, other) => one.order - other.order),
    );
    this.#changes.push({ kind: "put-outbox", item });
  }

  deleteOutboxItem(conversationId: ConversationId, clientMessageId: ClientMessageId): void {
    const items = this.outbox(conversationId);
    const others = items.filter((one) => one.clientMessageId !== clientMessageId);
    if (others.length === items.length) return;
    this.#outbox.set(conversationId, others);
    this.#changes.push({ kind: "delete-outbox", conversationId, clientMessageId });
  }

  /** The number of the next message to a conversation: 1 at first. */
  nextNumber(conversationId: ConversationId): number {
    return this.#nextNumbers.get(conversationId) ?? this.#base.nextNumbers.get(conversationId) ?? 1;
  }

  setNextNumber(conversationId: ConversationId, number: number): void {
    this.#nextNumbers.set(conversationId, number);
  }

  /** What the store has to commit. */
  changes(): readonly Change[] {
    const changes: Change[] = [...this.#changes];
    if (this.#owner !== undefined) changes.push({ kind: "owner", owner: this.#owner });
    for (const [conversationId, entry] of this.#entries) {
      changes.push(
        entry === undefined ? { kind: "delete-entry", conversationId } : { kind: "put-entry", entry },
      );
    }
    for (const [conversationId, number] of this.#nextNumbers) {
      changes.push({ kind: "next-number", conversationId, number });
    }
    for (const [conversationId, spans] of this.#spans) changes.push({ kind: "spans", conversationId, spans });
    if (this.#position !== undefined) changes.push({ kind: "position", position: this.#position });
    if (this.#given !== undefined) changes.push({ kind: "given", clientMessageIds: this.#given });
    return changes;
  }

  /** Makes the draft the state, after the store has committed it. */
  mergeIntoBase(): Committed {
    const base = this.#base;
    base.owner = this.#owner ?? base.owner;
    base.position = this.position;
    base.given = this.#given ?? base.given;
    for (const [conversationId, atMs] of this.#looked) base.looked.set(conversationId, atMs);
    for (const [conversationId, entry] of this.#entries) {
      if (entry === undefined) base.entries.delete(conversationId);
      else base.entries.set(conversationId, entry);
    }
    for (const [conversationId, items] of this.#outbox) {
      if (items.length === 0) base.outbox.delete(conversationId);
      else base.outbox.set(conversationId, items);
    }
    for (const [conversationId, number] of this.#nextNumbers) base.nextNumbers.set(conversationId, number);
    for (const [conversationId, spans] of this.#spans) base.spans.set(conversationId, spans);
    return {
      entries: new Set(this.#entries.keys()),
      outbox: new Set(this.#outbox.keys()),
      spans: new Set(this.#spans.keys()),
      replaced: this.#replaced,
      deleted: this.#deleted,
      changed: this.#changed,
      joined: this.#joined,
      signals: this.#signals,
      reactions: this.#reactions,
      cardParts: this.#cardParts,
      told: this.#told,
      isRebased: this.#isRebased,
      rebased: this.#rebased,
      groups: this.#groups,
    };
  }
}
