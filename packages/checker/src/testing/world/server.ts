/**
 * The servers of a small world: conversations that place messages, queues that give PTS, lists kept by the rules of the
 * protocol. What they assign they tell, and after a crash they tell a part of it again.
 */
import {
  type ConversationEntry,
  type ConversationId,
  Event,
  type Message,
  type MessageId,
  type UserId,
  applyEvent,
  emptyEntry,
  AS_SENT,
  JoinedEvent,
  LeftEvent,
  filled,
} from "@parley/protocol";
import { contentOf } from "../../history/content.js";
import type { HistoryRecorder } from "../../history/recorder.js";
import type {
  Content,
  ConversationIndex,
  DeviceIndex,
  EventKind,
  MemberSetIndex,
  UserIndex,
} from "../../history/records.js";
import type { Fault } from "./faults.js";

export const EPOCH = 1_790_000_000_001;

export interface WorldMessage {
  readonly sequence: number;
  readonly messageId: string;
  readonly sender: UserIndex;
  readonly clientMessageId: string;
  readonly isCountable: boolean;
  readonly content: Content;
}

export interface WorldEvent {
  readonly kind: EventKind;
  readonly conversation: ConversationIndex;
  readonly sequence: number;
  readonly sequences: readonly number[];
  readonly content: Content;
  readonly message: WorldMessage | undefined;
  /** What list entries are made of. */
  readonly event: Event;
}

export interface WorldConversation {
  readonly index: ConversationIndex;
  readonly isOpen: boolean;
  /** User to first visible sequence. */
  readonly members: Map<UserIndex, number>;
  readonly messages: WorldMessage[];
  /** Sends taken, by device and client message id. */
  readonly sends: Map<string, WorldMessage>;
  membersBefore: readonly UserIndex[];
}

export interface WorldUser {
  /** A hole is undefined: only a fault makes one. */
  readonly queue: (WorldEvent | undefined)[];
  readonly entries: Map<ConversationIndex, ConversationEntry>;
  /** Conversation to sequences. */
  readonly hidden: Map<ConversationIndex, Set<number>>;
}

export interface WorldState {
  readonly conversations: WorldConversation[];
  readonly users: WorldUser[];
  /** Emitted, and not yet in the queues. */
  readonly emitted: { readonly user: UserIndex; readonly event: WorldEvent }[];
}

const PLACED_BY_NOBODY = "";

/** One fault at most, and whether it has shown yet. */
export interface Trouble {
  readonly fault: Fault | undefined;
  /** Says that the fault has had an effect that can be seen. */
  fire(): void;
  /** Whether the fault is this one and chance wants it now. */
  strikes(fault: Fault, oneIn?: number): boolean;
}

export class WorldServer {
  state: WorldState = { conversations: [], users: [], emitted: [] };
  readonly recorder: HistoryRecorder;
  readonly trouble: Trouble;
  /** Events that a fault wrote over others. */
  readonly late = new Set<WorldEvent>();
  /** Counts that a fault has put beside the lists, by user and conversation. */
  readonly drift = new Map<string, number>();
  /** Everything told, to be told again. */
  readonly #told: (() => void)[] = [];
  #messageCount = 0;
  /** PTS that a fault gave away, with the event. */
  readonly #stolen = new Map<string, WorldEvent>();
  readonly #restarted = new Set<UserIndex>();

  constructor(recorder: HistoryRecorder, trouble: Trouble) {
    this.recorder = recorder;
    this.trouble = trouble;
  }

  get toldCount(): number {
    return this.#told.length;
  }

  /** Replays from a telling on; `count` cuts off what was lost. */
  replay(from: number, count = this.#told.length): void {
    this.#told.length = count;
    for (const tell of this.#told.slice(from)) tell();
  }

  restartUsers(): void {
    for (let user = 0; user < this.state.users.length; user++) this.#restarted.add(user as UserIndex);
  }

  conversation(index: ConversationIndex): WorldConversation {
    return this.state.conversations[index]!;
  }

  create(index: ConversationIndex, users: readonly UserIndex[], isOpen: boolean): void {
    const conversation: WorldConversation = {
      index,
      isOpen,
      members: new Map(users.map((user) => [user, 1])),
      messages: [],
      sends: new Map(),
      membersBefore: users,
    };
    this.state.conversations[index] = conversation;
    for (const user of users) this.#join(conversation, user, 1);
    this.notice(conversation, users[0]!);
  }

  add(index: ConversationIndex, actor: UserIndex, user: UserIndex): boolean {
    const conversation = this.conversation(index);
    if (!conversation.members.has(actor)) return false;
    if (conversation.members.has(user)) return true;
    const firstVisible = conversation.isOpen ? 1 : conversation.messages.length + 1;
    conversation.members.set(user, firstVisible);
    conversation.membersBefore = [...conversation.members.keys()];
    this.#join(conversation, user, firstVisible);
    this.notice(conversation, actor);
    return true;
  }

  remove(index: ConversationIndex, actor: UserIndex, user: UserIndex): boolean {
    const conversation = this.conversation(index);
    if (!conversation.members.has(actor)) return false;
    if (!conversation.members.has(user)) return true;
    conversation.membersBefore = [...conversation.members.keys()];
    conversation.members.delete(user);
    const lastSequence = conversation.messages.length;
    this.tell(() => this.recorder.memberLeft({ conversation: index, user, lastSequence }));
    const conversationId = idOf(index);
    this.emit(
      [user],
      event("left", index, {
        sequence: lastSequence,
        event: { left: filled(LeftEvent, { conversationId, sequence: lastSequence }) },
      }),
    );
    this.notice(conversation, actor);
    return true;
  }

  notice(conversation: WorldConversation, actor: UserIndex): void {
    this.place(conversation, {
      sender: actor,
      device: undefined,
      clientMessageId: PLACED_BY_NOBODY,
      content: contentOf(`notice ${this.#messageCount}`),
    });
  }

  /** The message of a send, the known one for a repeat. */
  send(
    conversation: WorldConversation,
    send: {
      readonly sender: UserIndex;
      readonly device: DeviceIndex;
      readonly clientMessageId: string;
      readonly content: Content;
    },
  ): WorldMessage | undefined {
    const key = `${send.device}/${send.clientMessageId}`;
    const known = conversation.sends.get(key);
    if (known !== undefined) {
      if (this.trouble.strikes("unread is raised by a repeat", 1)) this.#raise(conversation, send.sender);
      if (this.trouble.fault !== "no idempotency") return known;
    }
    if (!conversation.members.has(send.sender)) return undefined;
    const message = this.place(conversation, send);
    if (known !== undefined) this.trouble.fire();
    conversation.sends.set(key, message);
    return message;
  }

  place(
    conversation: WorldConversation,
    what: {
      readonly sender: UserIndex;
      readonly device: DeviceIndex | undefined;
      readonly clientMessageId: string;
      readonly content: Content;
    },
  ): WorldMessage {
    const message: WorldMessage = {
      sequence: conversation.messages.length + 1,
      messageId: `m-${++this.#messageCount}`,
      sender: what.sender,
      clientMessageId: what.clientMessageId,
      isCountable: what.device !== undefined,
      content: what.content,
    };
    let members = [...conversation.members.keys()];
    if (
      this.trouble.strikes("member list is stale", 1) &&
      conversation.membersBefore.length > members.length
    ) {
      members = [...conversation.membersBefore];
      this.trouble.fire();
    }
    this.tellPlaced(conversation, message, what.device, this.recorder.memberSet(members));
    // The owner before places and acknowledges, but nobody else hears of it.
    if (what.device !== undefined && this.trouble.strikes("no fence against the owner before", 4)) {
      this.trouble.fire();
      return message;
    }
    conversation.messages.push(message);
    this.emit(members, messageEvent(conversation.index, message));
    return message;
  }

  tellPlaced(
    conversation: WorldConversation,
    message: WorldMessage,
    device: DeviceIndex | undefined,
    members: MemberSetIndex,
  ): void {
    this.tell(() => {
      this.recorder.messagePlaced({ ...message, conversation: conversation.index, device, members });
    });
  }

  read(index: ConversationIndex, user: UserIndex, sequence: number): boolean {
    const conversation = this.conversation(index);
    if (!conversation.members.has(user)) return false;
    const readSequence = Math.min(sequence, conversation.messages.length);
    this.emit(
      [user],
      event("read", index, {
        sequence: readSequence,
        event: { read: { conversationId: idOf(index), sequence: readSequence } },
      }),
    );
    return true;
  }

  hide(index: ConversationIndex, user: UserIndex, sequences: readonly number[]): boolean {
    const entry = this.state.users[user]!.entries.get(index);
    if (entry === undefined) return false;
    if (sequences.some((sequence) => sequence < entry.firstVisible || sequence > entry.lastSequence))
      return false;
    if (this.trouble.strikes("unread drifts when hiding", 1) && isUnread(entry, sequences[0]!)) {
      this.#drift(user, index);
      this.trouble.fire();
    }
    const hidden = this.state.users[user]!.hidden;
    hidden.set(index, new Set([...(hidden.get(index) ?? []), ...sequences]));
    this.#give(
      user,
      event("hidden", index, { sequences, event: { hidden: { conversationId: idOf(index), sequences } } }),
    );
    return true;
  }

  /** What a user may see in the server's copy, from one sequence to another. */
  visible(index: ConversationIndex, user: UserIndex, first: number, last: number): readonly WorldMessage[] {
    const hidden = this.hiddenFrom(index, user);
    return this.conversation(index)
      .messages.slice(first - 1, last)
      .filter(({ sequence }) => !hidden.has(sequence));
  }

  hiddenFrom(index: ConversationIndex, user: UserIndex): ReadonlySet<number> {
    const { users } = this.state;
    if (this.trouble.fault === "hidden for everybody")
      return new Set(users.flatMap(({ hidden }) => [...(hidden.get(index) ?? [])]));
    return users[user]!.hidden.get(index) ?? new Set();
  }

  emit(users: readonly UserIndex[], emitted: WorldEvent): void {
    for (const user of users) this.state.emitted.push({ user, event: emitted });
  }

  /** Takes emitted events into the queues, in order. */
  pump(count = Infinity): void {
    for (let taken = 0; taken < count && this.state.emitted.length > 0; taken++) {
      const { user, event: next } = this.state.emitted.shift()!;
      if (next.message?.isCountable === true && this.trouble.strikes("event is lost")) {
        this.lost.push({ user, conversation: next.conversation, messageId: next.message.messageId });
        continue;
      }
      this.#give(user, next);
    }
  }

  /** Message events that a fault dropped. */
  readonly lost: {
    readonly user: UserIndex;
    readonly conversation: ConversationIndex;
    readonly messageId: string;
  }[] = [];

  tellAssigned(user: UserIndex, pts: number, assigned: WorldEvent): void {
    const { kind, conversation, sequence, sequences, content } = assigned;
    const hidden = kind === "hidden" ? { sequences } : {};
    this.tell(() =>
      this.recorder.eventAssigned({
        user,
        epoch: EPOCH,
        pts,
        kind,
        conversation,
        sequence,
        content,
        ...hidden,
      }),
    );
  }

  tell(what: () => void): void {
    this.#told.push(what);
    what();
  }

  #give(user: UserIndex, given: WorldEvent): void {
    const { queue, entries } = this.state.users[user]!;
    const isFresh = this.#restarted.delete(user) && queue.length > 0;
    if (isFresh && this.trouble.strikes("PTS leaves a gap after a restart", 1)) {
      queue.push(undefined);
      this.trouble.fire();
    }
    if (isFresh && this.trouble.strikes("PTS from memory after a restart", 1)) {
      const before = queue.pop();
      if (before !== undefined && before.content !== given.content) this.trouble.fire();
    }
    const pts = queue.length + 1;
    const stolen = this.#stolen.get(`${user}/${pts}`);
    if (stolen !== undefined && stolen.content !== given.content) this.trouble.fire();
    this.tellAssigned(user, pts, given);
    queue.push(given);
    const before = entries.get(given.conversation) ?? emptyEntry(idOf(given.conversation));
    entries.set(given.conversation, applyEvent(before, given.event, nameOf(user)));
    if (this.trouble.strikes("late write lands on a PTS given again")) {
      const late = event("read", given.conversation, { event: {}, salt: "late" });
      this.late.add(late);
      queue[pts - 1] = late;
    }
    if (this.trouble.strikes("owner before still gives PTS")) {
      const ghost = event("read", given.conversation, { sequence: 0, event: {}, salt: String(pts) });
      this.tellAssigned(user, pts + 1, ghost);
      this.#stolen.set(`${user}/${pts + 1}`, ghost);
    }
    if (this.trouble.strikes("event for another tenant", 10)) this.#misdirect(given);
  }

  #misdirect(given: WorldEvent): void {
    const stranger = (this.state.users.length - 1) as UserIndex;
    const { queue } = this.state.users[stranger]!;
    if (this.conversation(given.conversation).members.has(stranger)) return;
    const copy = event("read", given.conversation, { sequence: 1, event: {} });
    queue.push(copy);
    this.tellAssigned(stranger, queue.length, copy);
    this.trouble.fire();
  }

  #join(conversation: WorldConversation, user: UserIndex, firstVisible: number): void {
    const { index } = conversation;
    const lastSequence = conversation.messages.length;
    this.tell(() => this.recorder.memberJoined({ conversation: index, user, firstVisible, lastSequence }));
    const joined = filled(JoinedEvent, { conversationId: idOf(index), firstVisible, lastSequence });
    this.emit(
      [user],
      event("joined", index, { sequence: lastSequence, event: { joined }, salt: String(firstVisible) }),
    );
  }

  #raise(conversation: WorldConversation, sender: UserIndex): void {
    for (const user of conversation.members.keys())
      if (user !== sender) this.#drift(user, conversation.index);
    this.trouble.fire();
  }

  #drift(user: UserIndex, conversation: ConversationIndex): void {
    const key = `${user}/${conversation}`;
    this.drift.set(key, (this.drift.get(key) ?? 0) + 1);
  }
}

export function messageEvent(conversation: ConversationIndex, message: WorldMessage): WorldEvent {
  const body: Message = {
    conversationId: idOf(conversation),
    sequence: message.sequence,
    messageId: message.messageId as MessageId,
    senderId: nameOf(message.sender),
    clientMessageId: message.clientMessageId as Message["clientMessageId"],
    timeMs: 0,
    body: undefined,
    isCountable: message.isCountable,
    ...AS_SENT,
  };
  const made = event("message", conversation, { sequence: message.sequence, event: { message: body } });
  return { ...made, content: message.content, message };
}

export const nameOf = (user: UserIndex): UserId => `user-${user}` as UserId;
const idOf = (conversation: ConversationIndex): ConversationId => `g:${conversation}` as ConversationId;

function event(
  kind: EventKind,
  conversation: ConversationIndex,
  options: {
    readonly sequence?: number;
    readonly sequences?: readonly number[];
    readonly event: Partial<Event>;
    readonly salt?: string;
  },
): WorldEvent {
  const { sequence = 0, sequences = [], salt = "" } = options;
  const empty: Event = filled(Event, {});
  return {
    kind,
    conversation,
    sequence,
    sequences,
    content: contentOf(`${kind} ${conversation} ${sequence} ${sequences.join()} ${salt}`),
    message: undefined,
    event: { ...empty, ...options.event },
  };
}

function isUnread({ unreadRanges }: ConversationEntry, sequence: number): boolean {
  return unreadRanges.some(
    (first, index) => index % 2 === 0 && sequence >= first && sequence <= unreadRanges[index + 1]!,
  );
}
