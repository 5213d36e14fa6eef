/**
 * What the logs say: both machines applied to every record from the first one on, by nobody but this. The services may
 * crash and replay as they like; in the end they must show what is here.
 */
import {
  type ConversationState,
  type UserState,
  ConversationRecord,
  UserRecord,
  applyConversationRecord,
  applyUserRecord,
  emptyConversation,
  forgetNeeded,
  seesMessage,
  senderKey,
  stepsOf,
} from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  type Message,
  type ReadCount,
  type UserId,
  SENDS_IN_FLIGHT_MAX,
  SHARED_UNREAD_MAX,
  decode,
  isSignal,
  mentionsUser,
} from "@parley/protocol";
import type { CardNotes } from "./card-notes.js";
import type { CardTruth } from "./card-truth.js";
import { isOwnerless, silencedBefore } from "./mute-watch.js";
import { Recording } from "./recording.js";
import { hasUntold, readCountOf, StateTruth } from "./state-truth.js";

/** Told of every record that a consumer was given, in the order of each partition; after a restart again. */
export type LogTap = (log: string, partition: number, offset: number, payload: Uint8Array) => void;

export interface UserTruth {
  readonly entries: ReadonlyMap<ConversationId, ConversationEntry>;
  readonly pts: number;
  /** Encoded events; the one with PTS n is at n - 1. */
  readonly events: readonly Uint8Array[];
  readonly hidden: ReadonlyMap<ConversationId, ReadonlySet<number>>;
}

interface UserDraft {
  readonly state: UserState;
  readonly events: Uint8Array[];
  readonly hidden: Map<ConversationId, Set<number>>;
}

/** How far everybody had been told of something at a moment. */
export interface Marks {
  /** How many messages each conversation had. */
  readonly messages: ReadonlyMap<ConversationId, number>;
  /** The newest event of each user. */
  readonly pts: ReadonlyMap<UserId, number>;
}

const NOBODY: UserTruth = { entries: new Map(), pts: 0, events: [], hidden: new Map() };

export class Truth {
  readonly messages = new Map<ConversationId, Message[]>();
  readonly #conversations = new Map<string, ConversationState>();
  readonly #states = new StateTruth();
  /** What was asked for and told of cards. */
  readonly cardNotes: CardNotes;
  readonly #users = new Map<UserId, UserDraft>();
  /** Which sequences each member saw while it was one, by conversation and user. */
  readonly #periods = new Map<string, { readonly first: number; last: number }[]>();
  /** The payloads of each log and partition, by offset. */
  readonly #records = new Map<string, Uint8Array[]>();
  readonly #onTrouble: (what: string) => void;
  readonly #recording: Recording;
  /** Of the installation; known when the first device has a position. */
  readonly #epoch: () => number;

  constructor(options: {
    readonly onTrouble: (what: string) => void;
    readonly recording: Recording;
    readonly epoch: () => number;
  }) {
    this.#onTrouble = options.onTrouble;
    this.#recording = options.recording;
    this.cardNotes = options.recording.cards;
    this.#epoch = options.epoch;
  }

  /** Takes what a consumer was given. */
  readonly tap: LogTap = (log, partition, offset, payload) => {
    // Read by a start only, and from its checkpoint on: no machine is behind it.
    if (log === "account") return;
    const name = `${log}/${partition}`;
    const known = this.#records.get(name) ?? [];
    this.#records.set(name, known);
    if (offset < known.length) {
      if (!isSame(known[offset]!, payload))
        this.#onTrouble(`${name} gave another record at ${offset} than before`);
      return;
    }
    if (offset > known.length) {
      this.#onTrouble(`${name} went on at ${offset} instead of ${known.length}`);
      return;
    }
    known.push(payload.slice());
    if (log === "conversation") this.#applyConversation(offset, payload);
    else this.#applyUser(offset, payload);
  };

  get recordCount(): number {
    let count = 0;
    for (const records of this.#records.values()) count += records.length;
    return count;
  }

  /** How far it is now. */
  marks(): Marks {
    return {
      messages: new Map([...this.messages].map(([id, messages]) => [id, messages.length])),
      pts: new Map([...this.#users].map(([id, { state }]) => [id, state.head.pts])),
    };
  }

  /**
   * What the records up to a place in each partition say ("conversation/0" and so on), and whatever it is told of behind them:
   * for a copy of the logs that goes on by itself.
   */
  upTo(ends: ReadonlyMap<string, number>, onTrouble: (what: string) => void): Truth {
    const recording = new Recording({ tenantId: this.#recording.tenantId, nowMs: () => 0 });
    const copy = new Truth({ onTrouble, recording, epoch: this.#epoch });
    for (const [name, end] of ends) {
      const [log = "", partition] = name.split("/");
      if (log === "account") continue;
      const records = this.#records.get(name) ?? [];
      if (records.length < end)
        onTrouble(`${name} has ${end} records, of which ${end - records.length} nobody has read`);
      for (const [offset, payload] of records.slice(0, end).entries())
        copy.tap(log, Number(partition), offset, payload);
    }
    return copy;
  }

  user(userId: UserId): UserTruth {
    const draft = this.#users.get(userId);
    if (draft === undefined) return NOBODY;
    const { state, events, hidden } = draft;
    return { entries: state.entries, pts: state.head.pts, events, hidden };
  }

  /** Whether a user was ever one whom this message concerns: a member when it came, or one that joined and sees it. */
  concerns(userId: UserId, conversationId: ConversationId, sequence: number): boolean {
    const periods = this.#periods.get(`${conversationId} ${userId}`) ?? [];
    return periods.some(({ first, last }) => sequence >= first && sequence <= last);
  }

  /** A user's list. Of the large groups that the user is in the user machine knows no more than that. */
  entries(userId: UserId): ReadonlyMap<ConversationId, ConversationEntry> {
    const entries = new Map(this.user(userId).entries);
    for (const [conversationId, entry] of entries)
      if (entry.isShared && entry.isMember) entries.set(conversationId, this.#sharedEntry(userId, entry));
    return entries;
  }

  /** What the messages say, one by one. */
  #sharedEntry(userId: UserId, entry: ConversationEntry): ConversationEntry {
    const { conversationId } = entry;
    const { head, members } = this.#conversations.get(conversationId)!;
    const member = members.get(userId);
    if (head === undefined || member === undefined) return entry;
    const hidden = this.user(userId).hidden.get(conversationId);
    const messages = this.messages.get(conversationId) ?? [];
    const firstVisible = Math.max(member.firstVisible, head.firstKept);
    const from = Math.max(firstVisible, member.readSequence + 1, head.lastSequence - SHARED_UNREAD_MAX + 1);
    const unread = messages.filter(
      ({ sequence, senderId, audience, isCountable, recall }) =>
        sequence >= from &&
        isCountable &&
        senderId !== userId &&
        recall === undefined &&
        seesMessage({ senderId, audience }, userId) &&
        hidden?.has(sequence) !== true,
    );
    const last = messages.findLast((message) => seesMessage(message, userId) && !isSignal(message.body));
    const isLastShown =
      last !== undefined && last.sequence >= firstVisible && hidden?.has(last.sequence) !== true;
    return {
      ...entry,
      title: head.title,
      firstVisible,
      lastSequence: head.lastSequence,
      readSequence: unread.length === 0 ? head.lastSequence : unread[0]!.sequence - 1,
      unread: unread.length,
      unreadRanges: rangesOf(unread.map(({ sequence }) => sequence)),
      unreadMentions: unread.filter(({ body }) => mentionsUser(body, userId)).map(({ sequence }) => sequence),
      lastMessage: isLastShown ? last : undefined,
      updatedMs: Math.max(member.joinedMs, last?.timeMs ?? 0),
      topicPts: head.topicPts,
      groupRevision: head.group?.revision ?? 0,
      membersRevision: head.group?.membersRevision ?? 0,
    };
  }

  /** Whether a list that stands there has all that the topics of its large groups told. */
  hasTopics(userId: UserId, entries: readonly ConversationEntry[]): boolean {
    const standing = new Map(entries.map(({ conversationId, topicPts }) => [conversationId, topicPts]));
    return [...this.user(userId).entries.values()].every(({ conversationId, isShared, isMember }) => {
      const head = this.#conversations.get(conversationId)?.head;
      return !isShared || !isMember || standing.get(conversationId) === head?.topicPts;
    });
  }

  /** A conversation, as its machine has it. */
  conversation(conversationId: ConversationId): ConversationState | undefined {
    return this.#conversations.get(conversationId);
  }

  /** The first sequence of a conversation that is kept. */
  firstKept(conversationId: ConversationId): number {
    return Math.max(1, this.#conversations.get(conversationId)?.head?.firstKept ?? 0);
  }

  /** What a user may see of a conversation. */
  visible(userId: UserId, conversationId: ConversationId): readonly Message[] {
    const { hidden } = this.user(userId);
    const entry = this.entries(userId).get(conversationId);
    if (entry === undefined) return [];
    const gone = hidden.get(conversationId);
    const visible = (this.messages.get(conversationId) ?? []).filter(
      (message) =>
        message.sequence >= entry.firstVisible &&
        message.sequence <= entry.lastSequence &&
        seesMessage(message, userId) &&
        gone?.has(message.sequence) !== true,
    );
    return visible.map((message) => this.#states.seen(message, userId));
  }

  /** The pinned messages that a user may see, the newest first. */
  pins(userId: UserId, conversationId: ConversationId): readonly Message[] {
    const isPinned = ({ sequence }: Message): boolean => this.#states.isPinned(conversationId, sequence);
    return this.visible(userId, conversationId).filter(isPinned).toReversed();
  }

  /** How many have read messages of a user whose senders are told of it. */
  readCounts(userId: UserId, conversationId: ConversationId): readonly ReadCount[] {
    const state = this.#conversations.get(conversationId);
    const messages = this.messages.get(conversationId) ?? [];
    return (state?.head?.recent ?? []).flatMap(({ sequence, senderId }) =>
      senderId === userId ? [readCountOf(state!, messages[sequence - 1]!)] : [],
    );
  }

  get cards(): CardTruth {
    return this.#states.cards;
  }

  /** Conversations of which something was merged and never told. */
  untold(): readonly string[] {
    return [...this.#conversations].flatMap(([conversationId, state]) =>
      hasUntold(state) ? [conversationId] : [],
    );
  }

  #applyConversation(offset: number, payload: Uint8Array): void {
    const record = decode(ConversationRecord, payload);
    const { tenantId, conversationId } = record;
    let state = this.#conversations.get(conversationId);
    if (state === undefined) {
      state = emptyConversation({ tenantId, conversationId });
      this.#conversations.set(conversationId, state);
    }
    if (record.send !== undefined) {
      const name = senderKey(record.send.senderId, record.send.deviceId);
      if (!state.senders.has(name)) {
        const recent = Array.from({ length: SENDS_IN_FLIGHT_MAX }, () => undefined);
        state.senders.set(name, { lastNumber: 0, recent });
      }
    }
    const before = {
      members: new Set(state.members.keys()),
      lastSequence: state.head?.lastSequence ?? 0,
      firstKept: state.head?.firstKept ?? 0,
    };
    this.#states.load(state, record, this.messages.get(conversationId) ?? []);
    const silenced = silencedBefore(state, record);
    const { changes } = applyConversationRecord(state, record, offset);
    forgetNeeded(state);
    if (changes === undefined) return;
    this.#states.take(conversationId, changes, record.timeMs);
    if (record.module !== undefined) {
      const isShared = state.head?.isShared === true;
      const told = [...before.members].filter((userId) => userId !== state.head?.systemId);
      const event = { ...record.module, conversationId };
      this.#recording.modules.placed.push({ conversationId, event, isShared, members: new Set(told) });
    }
    if (silenced !== undefined && changes.messages.length > 0)
      this.#onTrouble(`${silenced} wrote in ${conversationId}, and may not`);
    if (isOwnerless(state)) this.#onTrouble(`${conversationId} has no owner, or two`);
    const firstKept = state.head?.firstKept ?? 0;
    if (firstKept > before.firstKept) this.#recording.trimmed(conversationId, firstKept);
    for (const { userId, row } of changes.members) {
      // A system account is told nothing.
      if (userId === state.head?.systemId) continue;
      // Who leaves with everybody else has seen the notice that says so.
      const last = record.dissolve === undefined ? before.lastSequence : state.head!.lastSequence;
      const periods = this.#periods.get(`${conversationId} ${userId}`) ?? [];
      this.#periods.set(`${conversationId} ${userId}`, periods);
      if (row === undefined) {
        this.#recording.memberLeft(conversationId, userId, last);
        this.#recording.modules.hasLeft(conversationId, userId);
        periods.at(-1)!.last = last;
      } else if (!before.members.has(userId)) {
        this.#recording.memberJoined(conversationId, userId, before.lastSequence, row.firstVisible);
        periods.push({ first: row.firstVisible, last: Number.POSITIVE_INFINITY });
      }
    }
    const messages = this.messages.get(conversationId) ?? [];
    this.messages.set(conversationId, messages);
    for (const changed of changes.changed) {
      messages[changed.sequence - 1] = changed;
      this.#recording.messageChanged(changed);
    }
    for (const message of changes.messages) {
      if (message.sequence !== messages.length + 1) this.#onTrouble(`${conversationId} has a hole`);
      messages.push(message);
      // Of a large group the queues do not have it.
      const all = record.dissolve === undefined ? state.members.keys() : before.members;
      const told = [...all].filter((userId) => userId !== state.head?.systemId);
      const members = state.head?.isShared === true ? undefined : told;
      this.#recording.messagePlaced(message, record.send?.deviceId, members);
    }
  }

  #applyUser(offset: number, payload: Uint8Array): void {
    const record = decode(UserRecord, payload);
    const find = (userId: UserId): UserState => this.#draft(record.tenantId, userId).state;
    const { outcomes } = applyUserRecord(record, offset, stepsOf(record), find);
    for (const { state, firstPts, events, hidden } of outcomes) {
      const draft = this.#users.get(state.userId)!;
      for (const [index, event] of events.entries())
        this.#recording.eventAssigned(state.userId, { epoch: this.#epoch(), pts: firstPts + index }, event);
      draft.events.push(...events);
      if (hidden === undefined) continue;
      const sequences = draft.hidden.get(hidden.conversationId) ?? new Set();
      draft.hidden.set(hidden.conversationId, sequences);
      for (const sequence of hidden.sequences) sequences.add(sequence);
    }
  }

  #draft(tenantId: UserRecord["tenantId"], userId: UserId): UserDraft {
    const known = this.#users.get(userId);
    if (known !== undefined) return known;
    const head = { applied: 0, epoch: 1, pts: 0, pinned: 0 };
    const draft: UserDraft = {
      state: { tenantId, userId, head, entries: new Map(), given: new Map() },
      events: [],
      hidden: new Map(),
    };
    this.#users.set(userId, draft);
    return draft;
  }
}

function rangesOf(sequences: readonly number[]): readonly number[] {
  const ranges: number[] = [];
  for (const sequence of sequences) {
    if (ranges.at(-1) === sequence - 1) ranges[ranges.length - 1] = sequence;
    else ranges.push(sequence, sequence);
  }
  return ranges;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
