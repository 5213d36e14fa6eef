/** What the scripted server knows: one user's conversations, queue and send numbers. The rules of the real server. */
import {
  applyEvent,
  type ClientMessageId,
  type ConversationEntry,
  type ConversationId,
  conversationOf,
  emptyEntry,
  type Event,
  type Init,
  type Message,
  type MessageId,
  type UserId,
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
const EMPTY_EVENT: Event = {
  message: undefined,
  read: undefined,
  hidden: undefined,
  joined: undefined,
  left: undefined,
  advanced: undefined,
  trimmed: undefined,
  changed: undefined,
};

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
  #count = 0;

  constructor(self: UserId) {
    this.self = self;
  }

  /** I join a conversation that has `before` messages which I may see. */
  join(conversationId: ConversationId, before = 0): void {
    for (let index = 0; index < before; index++)
      this.#append(conversationId, "other" as UserId, `old ${index}`);
    this.push({
      joined: { conversationId, title: "", firstVisible: 1, lastSequence: before, timeMs: START_MS },
    });
  }

  /** As `change`, but nobody is told: of what happened while I was away. */
  changeSilently(conversationId: ConversationId, sequence: number, text?: string): void {
    const entry = this.entries.get(conversationId)!;
    this.change(conversationId, sequence, text);
    this.events.pop();
    this.entries.set(conversationId, entry);
  }

  /** A message by `senderId`, with its event. */
  post(conversationId: ConversationId, senderId: UserId, text: string, clientMessageId = ""): Message {
    const message = this.#append(conversationId, senderId, text, clientMessageId);
    this.push({ message });
    return message;
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
        : { body: { text: { text }, notice: undefined }, editedMs: timeMs }),
    };
    messages[sequence - 1] = message;
    this.push({ changed: { message } });
  }

  read(conversationId: ConversationId, sequence: number): void {
    this.push({ read: { conversationId, sequence } });
  }

  leave(conversationId: ConversationId): void {
    this.push({ left: { conversationId, sequence: this.messages.get(conversationId)?.length ?? 0 } });
  }

  /** Messages below `before` are gone for everybody; the newest one stays. */
  trim(conversationId: ConversationId, before: number): void {
    const firstVisible = Math.min(before, this.messages.get(conversationId)?.length ?? 0);
    if (firstVisible <= this.firstVisible(conversationId)) return;
    this.firstKept.set(conversationId, firstVisible);
    this.push({ trimmed: { conversationId, firstVisible } });
  }

  firstVisible(conversationId: ConversationId): number {
    return this.firstKept.get(conversationId) ?? 1;
  }

  push(event: Init<Event>): void {
    const whole: Event = { ...EMPTY_EVENT, ...event };
    const conversationId = conversationOf(whole)!;
    const entry = this.entries.get(conversationId) ?? emptyEntry(conversationId);
    this.entries.set(conversationId, applyEvent(entry, whole, this.self));
    this.events.push(whole);
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

  #append(conversationId: ConversationId, senderId: UserId, text: string, clientMessageId = ""): Message {
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
      body: { text: { text }, notice: undefined },
      isCountable: true,
      revision: 0,
      editedMs: 0,
      recall: undefined,
    };
    messages.push(message);
    return message;
  }
}
