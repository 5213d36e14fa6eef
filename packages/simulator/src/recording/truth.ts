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
  senderKey,
  stepsOf,
} from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  type Message,
  type UserId,
  SENDS_IN_FLIGHT_MAX,
  decode,
} from "@parley/protocol";
import { Recording } from "./recording.js";

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
  readonly #users = new Map<UserId, UserDraft>();
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

  /** The first sequence of a conversation that is kept. */
  firstKept(conversationId: ConversationId): number {
    return Math.max(1, this.#conversations.get(conversationId)?.head?.firstKept ?? 0);
  }

  /** What a user may see of a conversation. */
  visible(userId: UserId, conversationId: ConversationId): readonly Message[] {
    const { entries, hidden } = this.user(userId);
    const entry = entries.get(conversationId);
    if (entry === undefined) return [];
    const gone = hidden.get(conversationId);
    return (this.messages.get(conversationId) ?? []).filter(
      ({ sequence }) =>
        sequence >= entry.firstVisible && sequence <= entry.lastSequence && gone?.has(sequence) !== true,
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
    this.#findTarget(state, record);
    const { changes } = applyConversationRecord(state, record, offset);
    state.targets.clear();
    if (changes === undefined) return;
    const firstKept = state.head?.firstKept ?? 0;
    if (firstKept > before.firstKept) this.#recording.trimmed(conversationId, firstKept);
    for (const { userId, row } of changes.members) {
      if (row === undefined) this.#recording.memberLeft(conversationId, userId, before.lastSequence);
      else if (!before.members.has(userId))
        this.#recording.memberJoined(conversationId, userId, before.lastSequence, row.firstVisible);
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
      this.#recording.messagePlaced(message, record.send?.deviceId, state.members.keys());
    }
  }

  /** What an edit or a recall is about. */
  #findTarget({ targets }: ConversationState, { conversationId, edit, recall }: ConversationRecord): void {
    const sequence = (edit ?? recall)?.sequence;
    const message = sequence && this.messages.get(conversationId)?.[sequence - 1];
    if (message) targets.set(message.sequence, message);
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
    const head = { applied: 0, epoch: 1, pts: 0 };
    const draft: UserDraft = {
      state: { tenantId, userId, head, entries: new Map() },
      events: [],
      hidden: new Map(),
    };
    this.#users.set(userId, draft);
    return draft;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
