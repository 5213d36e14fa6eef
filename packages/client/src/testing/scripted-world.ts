/** What the scripted server knows: one user's conversations, queue and send numbers. The rules of the real server. */
import {
  applyEvent,
  type Body,
  type ClientMessageId,
  type ConversationEntry,
  type ConversationId,
  conversationOf,
  emptyEntry,
  Event,
  type Init,
  type Message,
  type MessageId,
  type UserId,
  textBody,
  AS_SENT,
  JoinedEvent,
  LeftEvent,
  type Pin,
  Reactions,
  filled,
} from "@parley/protocol";

export interface SendLane {
  last: number;
  readonly accepted: Map<number, Message>;
}

export interface Page {
  readonly first: number;
  readonly last: number;
  readonly messages: readonly Message[];
}

const START_MS = 1_793_491_200_000;
const OTHER = "other" as UserId;
const EMPTY_EVENT: Event = filled(Event, {});

export class ScriptedWorld {
  readonly self: UserId;
  epoch = 7;
  /** Event of pts n is at n - 1. */
  readonly events: Event[] = [];
  readonly entries = new Map<ConversationId, ConversationEntry>();
  readonly messages = new Map<ConversationId, Message[]>();
  readonly hidden = new Map<ConversationId, Set<number>>();
  /** Messages below are gone. */
  readonly firstKept = new Map<ConversationId, number>();
  readonly lanes = new Map<ConversationId, SendLane>();
  /** Messages whose reactions were not told yet. */
  readonly unspread = new Map<ConversationId, Set<number>>();
  readonly unspreadCards = new Map<ConversationId, Set<number>>();
  readonly pins = new Map<ConversationId, { revision: number; readonly sequences: Set<number> }>();
  #count = 0;

  constructor(self: UserId) {
    this.self = self;
  }

  /** I join a conversation that has `before` messages which I may see. */
  join(conversationId: ConversationId, before = 0): void {
    for (let index = 0; index < before; index++)
      this.#append(conversationId, "other" as UserId, `old ${index}`);
    this.push({
      joined: filled(JoinedEvent, {
        conversationId,
        firstVisible: 1,
        lastSequence: before,
        timeMs: START_MS,
      }),
    });
  }

  /** As `change`, but nobody is told: of what happened while I was away. */
  changeSilently(conversationId: ConversationId, sequence: number, text?: string): void {
    const entry = this.entries.get(conversationId)!;
    this.change(conversationId, sequence, text);
    this.events.pop();
    this.entries.set(conversationId, entry);
  }

  /** A message by `senderId`, with its event; the options, or the client message id alone. */
  post(
    conversationId: ConversationId,
    senderId: UserId,
    text: string | Body,
    options: string | { readonly clientMessageId: string; readonly audience: readonly UserId[] } = "",
  ): Message {
    const { clientMessageId, audience } =
      typeof options === "string" ? { clientMessageId: options, audience: [] } : options;
    const message = { ...this.#append(conversationId, senderId, text, clientMessageId), audience };
    this.messages.get(conversationId)![message.sequence - 1] = message;
    this.push({ message });
    return message;
  }

  /** Somebody says something to others: I am told that its place is taken. */
  postToOthers(conversationId: ConversationId, senderId: UserId): void {
    const { sequence, timeMs } = this.#append(conversationId, senderId, "not for me");
    const hidden = this.hidden.get(conversationId) ?? new Set();
    this.hidden.set(conversationId, hidden.add(sequence));
    this.push({ voided: { conversationId, sequence, timeMs } });
  }

  /** Messages without an event each, as after an import. */
  grow(conversationId: ConversationId, count: number): void {
    let lastMessage: Message | undefined;
    for (let index = 0; index < count; index++) {
      lastMessage = this.#append(conversationId, "other" as UserId, `imported ${index}`);
    }
    const lastSequence = this.messages.get(conversationId)?.length ?? 0;
    this.push({ advanced: { conversationId, lastSequence, lastMessage } });
  }

  hide(conversationId: ConversationId, sequences: readonly number[]): void {
    const hidden = this.hidden.get(conversationId) ?? new Set();
    for (const sequence of sequences) hidden.add(sequence);
    this.hidden.set(conversationId, hidden);
    this.push({ hidden: { conversationId, sequences } });
  }

  /** The message gets another text, or is taken back when there is none. Nothing happens to what is recalled or gone. */
  change(conversationId: ConversationId, sequence: number, text?: string): void {
    const messages = this.messages.get(conversationId) ?? [];
    const before = messages[sequence - 1];
    const isGone = sequence < this.firstVisible(conversationId);
    if (before === undefined || before.recall !== undefined || isGone) return;
    this.#count += 1;
    const timeMs = START_MS + this.#count;
    const message: Message = {
      ...before,
      revision: before.revision + 1,
      ...(text === undefined
        ? { body: undefined, recall: { actorId: before.senderId, timeMs } }
        : { body: textBody(text), editedMs: timeMs }),
    };
    const bare = { ...message, reactions: undefined, cardPart: undefined };
    messages[sequence - 1] = message.recall === undefined ? message : bare;
    if (message.recall !== undefined) {
      this.unspread.get(conversationId)?.delete(sequence);
      this.pin(conversationId, sequence, false);
    }
    this.push({ changed: { message: bare } });
  }

  /** Somebody gives a message a reaction, or takes it back. Others' wait until `spread` is called, when `isMerged`. */
  react(
    conversationId: ConversationId,
    sequence: number,
    {
      userId,
      key,
      isMerged = false,
    }: { readonly userId: UserId; readonly key: string; readonly isMerged?: boolean },
  ): void {
    const messages = this.messages.get(conversationId) ?? [];
    const before = messages[sequence - 1];
    const isGone = sequence < this.firstVisible(conversationId);
    if (before === undefined || before.recall !== undefined || isGone) return;
    const known = before.reactions ?? filled(Reactions, {});
    const revision = known.revision + 1;
    const item = known.items.find((one) => one.key === key);
    const isRemoval = item?.userIds.includes(userId) === true;
    const userIds = isRemoval
      ? item.userIds.filter((one) => one !== userId)
      : [...(item?.userIds ?? []), userId];
    const others = known.items.filter((one) => one.key !== key);
    const items = userIds.length === 0 ? others : [...others, { key, count: userIds.length, userIds }];
    const mine = items.filter((one) => one.userIds.includes(this.self)).map((one) => one.key);
    const mineRevision = userId === this.self ? revision : known.mineRevision;
    const reactions: Reactions = { revision, items, mine, mineRevision };
    messages[sequence - 1] = { ...before, reactions };
    if (userId === this.self) this.push({ reactions: { conversationId, sequence, reactions } });
    const unspread = this.unspread.get(conversationId) ?? new Set();
    this.unspread.set(conversationId, unspread.add(sequence));
    if (!isMerged) this.spread(conversationId);
  }

  /** What waits is told. */
  spread(conversationId: ConversationId): void {
    for (const sequence of this.unspread.get(conversationId) ?? []) {
      const reactions = this.messages.get(conversationId)?.[sequence - 1]?.reactions;
      const isGone = sequence < this.firstVisible(conversationId);
      if (reactions === undefined || isGone) continue;
      const { revision, items } = reactions;
      this.push({
        reactions: { conversationId, sequence, reactions: filled(Reactions, { revision, items }) },
      });
    }
    this.unspread.delete(conversationId);
  }

  /** The pin of a message comes, or goes. */
  pin(conversationId: ConversationId, sequence: number, isPinned = true): void {
    const pins = this.pins.get(conversationId) ?? { revision: 0, sequences: new Set<number>() };
    this.pins.set(conversationId, pins);
    const message = this.messages.get(conversationId)?.[sequence - 1];
    const isGone = message === undefined || sequence < this.firstVisible(conversationId);
    if (pins.sequences.has(sequence) === isPinned || isGone || (isPinned && message.recall !== undefined))
      return;
    if (isPinned) pins.sequences.add(sequence);
    else pins.sequences.delete(sequence);
    pins.revision += 1;
    const pinned = { conversationId, sequence, isPinned, actorId: OTHER, timeMs: START_MS };
    this.push({ pinned: { ...pinned, revision: pins.revision } });
  }

  /** The pinned messages as `getPins` lists them. */
  pinList(conversationId: ConversationId): readonly Pin[] {
    const { sequences } = this.pins.get(conversationId) ?? { sequences: new Set<number>() };
    return this.visible(conversationId, 1, Infinity)
      .filter(({ sequence }) => sequences.has(sequence))
      .map((message) => ({ actorId: OTHER, timeMs: START_MS, message }))
      .toReversed();
  }

  read(conversationId: ConversationId, sequence: number): void {
    this.push({ read: { conversationId, sequence } });
  }

  leave(conversationId: ConversationId): void {
    const sequence = this.messages.get(conversationId)?.length ?? 0;
    this.push({ left: filled(LeftEvent, { conversationId, sequence }) });
  }

  /** Messages below `before` are gone for everybody; the newest one stays. */
  trim(conversationId: ConversationId, before: number): void {
    const firstVisible = Math.min(before, this.messages.get(conversationId)?.length ?? 0);
    if (firstVisible <= this.firstVisible(conversationId)) return;
    this.firstKept.set(conversationId, firstVisible);
    const pins = this.pins.get(conversationId);
    for (const sequence of pins?.sequences ?? []) {
      if (sequence >= firstVisible) continue;
      pins!.sequences.delete(sequence);
      pins!.revision += 1;
    }
    this.push({ trimmed: { conversationId, firstVisible } });
  }

  firstVisible(conversationId: ConversationId): number {
    return this.firstKept.get(conversationId) ?? 1;
  }

  push(event: Init<Event>): void {
    const whole: Event = { ...EMPTY_EVENT, ...event };
    this.events.push(whole);
    const conversationId = conversationOf(whole);
    // Of a module, or of nothing.
    if (conversationId === undefined) return;
    const entry = this.entries.get(conversationId) ?? emptyEntry(conversationId);
    this.entries.set(conversationId, applyEvent(entry, whole, this.self));
  }

  lane(conversationId: ConversationId): SendLane {
    let lane = this.lanes.get(conversationId);
    if (lane === undefined) {
      lane = { last: 0, accepted: new Map() };
      this.lanes.set(conversationId, lane);
    }
    return lane;
  }

  /** What I may see from `first` to `last`. */
  visible(conversationId: ConversationId, first: number, last: number): readonly Message[] {
    const hidden = this.hidden.get(conversationId) ?? new Set<number>();
    return (this.messages.get(conversationId) ?? []).filter(
      ({ sequence }) =>
        sequence >= Math.max(first, this.firstVisible(conversationId)) &&
        sequence <= last &&
        !hidden.has(sequence),
    );
  }

  page(
    conversationId: ConversationId,
    request: { before: number; after: number; limit: number; isForward: boolean },
  ): Page {
    const end = this.messages.get(conversationId)?.length ?? 0;
    const limit = Math.min(200, request.limit || 200);
    let first: number;
    let last: number;
    if (request.isForward) {
      first = Math.max(this.firstVisible(conversationId), request.after + 1);
      last = Math.min(end, first + limit - 1);
    } else {
      last = request.before > 0 ? Math.min(end, request.before - 1) : end;
      first = Math.max(this.firstVisible(conversationId), last - limit + 1);
    }
    return { first, last, messages: this.visible(conversationId, first, last) };
  }

  #append(
    conversationId: ConversationId,
    senderId: UserId,
    text: string | Body,
    clientMessageId = "",
  ): Message {
    const messages = this.messages.get(conversationId) ?? [];
    this.messages.set(conversationId, messages);
    this.#count += 1;
    const message: Message = {
      conversationId,
      sequence: messages.length + 1,
      messageId: String(this.#count).padStart(26, "0") as MessageId,
      senderId,
      clientMessageId: (clientMessageId || `other-${this.#count}`) as ClientMessageId,
      timeMs: START_MS + this.#count,
      body: typeof text === "string" ? textBody(text) : text,
      isCountable: typeof text === "string" || text.signal === undefined,
      ...AS_SENT,
    };
    messages.push(message);
    return message;
  }
}
