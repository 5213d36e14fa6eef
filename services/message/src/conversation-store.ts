import type { ConversationChanges, ConversationKey, ConversationState, SenderState } from "@parley/domain";
import { HeadRow, MemberRow, SendRow, emptyConversation, senderKey } from "@parley/domain";
import { LruMap, isRareTime, partitionOf } from "@parley/base";
import { type UserId, Edit, Message, SENDS_IN_FLIGHT_MAX, decode, encode } from "@parley/protocol";
import { LazyPut, type Write, type WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  CONVERSATION_SEND,
  conversationPartition,
} from "./conversation-tables.js";

/** Conversations whose state is kept in memory; others are read when a record of theirs comes. */
const CONVERSATIONS_MAX = 20_000;
/** Senders kept in memory with one conversation; beyond it they are read again when they send. */
const SENDERS_MAX = 1_000;
const PAGE_ROWS = 5_000;
/** About what rows take that are encoded when they are flushed. */
const HEAD_BYTES = 100;
const MEMBER_BYTES = 30;
const SEND_BYTES = 80;

export interface ConversationStoreOptions {
  readonly tables: WriteBackTables;
  /** Of the conversation log. */
  readonly partitionCount: number;
  /** All partitions together. Default 20,000. */
  readonly conversationsMax?: number;
  /** Of one conversation. Default 1,000. */
  readonly sendersMax?: number;
}

/** What one partition's loop has in memory. */
interface Cache {
  readonly states: LruMap<string, ConversationState>;
  /** Those with more senders than may stay. */
  readonly crowded: Set<ConversationState>;
}

/**
 * The states of the conversation machine: loaded from rows, kept in memory while in use. Any state may be dropped between
 * two batches of its partition, because what it changed was staged in the same turn and reads see staged rows. No loop
 * drops what belongs to another: that one may be between loading and applying.
 */
export class ConversationStore {
  readonly #tables: WriteBackTables;
  readonly #caches: readonly Cache[];
  readonly #statesMax: number;
  readonly #sendersMax: number;

  constructor(options: ConversationStoreOptions) {
    const { partitionCount } = options;
    this.#tables = options.tables;
    this.#caches = Array.from({ length: partitionCount }, () => ({
      states: new LruMap<string, ConversationState>(),
      crowded: new Set<ConversationState>(),
    }));
    this.#statesMax = Math.ceil((options.conversationsMax ?? CONVERSATIONS_MAX) / partitionCount);
    this.#sendersMax = options.sendersMax ?? SENDERS_MAX;
  }

  /** The state, if it is in memory. */
  find(key: ConversationKey): ConversationState | undefined {
    const name = conversationName(key);
    return this.#cacheOf(name).states.find(name);
  }

  /** Loads the state and, if given, a sender of it. Call only from the loop that applies this conversation's records. */
  async load(
    key: ConversationKey,
    sender?: { readonly userId: string; readonly deviceId: string },
  ): Promise<void> {
    const name = conversationName(key);
    const { states, crowded } = this.#cacheOf(name);
    let state = states.find(name);
    if (state === undefined) {
      state = await this.#loadState(key);
      states.put(name, state);
    }
    if (sender === undefined) return;
    const senderName = senderKey(sender.userId, sender.deviceId);
    if (state.senders.has(senderName)) return;
    state.senders.set(senderName, await this.#loadSender(key, sender));
    if (state.senders.size > this.#sendersMax) crowded.add(state);
  }

  /** Loads the message that a record is about, when there is one. What was staged before the call is seen. */
  async loadTarget(state: ConversationState, sequence: number): Promise<void> {
    const value = await this.#tables.find(CONVERSATION_MESSAGE, conversationPartition(state.key), [sequence]);
    if (value !== undefined) state.targets.set(sequence, decode(Message, value));
  }

  /** Stages what one record changed, together with the offset that the head then contains. */
  stage(state: ConversationState, changes: ConversationChanges): void {
    const head = state.head!;
    const writes: Write[] = [new LazyPut(CONVERSATION_HEAD, [], HEAD_BYTES, () => encode(HeadRow, head))];
    for (const message of changes.messages) {
      const value = encode(Message, message);
      writes.push({ kind: "put", table: CONVERSATION_MESSAGE, sort: [message.sequence], value, isNew: true });
    }
    for (const message of changes.changed) {
      const value = encode(Message, message);
      writes.push({ kind: "put", table: CONVERSATION_MESSAGE, sort: [message.sequence], value });
    }
    for (const { sequence, revision, row } of changes.edits) {
      const place = { table: CONVERSATION_EDIT, sort: [sequence, revision] };
      writes.push(
        row === undefined
          ? { kind: "delete", ...place }
          : { kind: "put", ...place, value: encode(Edit, row) },
      );
    }
    for (const { userId, row } of changes.members) {
      const table = CONVERSATION_MEMBER;
      if (row === undefined) writes.push({ kind: "delete", table, sort: [userId] });
      else writes.push(new LazyPut(table, [userId], MEMBER_BYTES, () => encode(MemberRow, row)));
    }
    for (const { userId, deviceId, row } of changes.sends) {
      const sort = [userId, deviceId, row.number % SENDS_IN_FLIGHT_MAX];
      writes.push(new LazyPut(CONVERSATION_SEND, sort, SEND_BYTES, () => encode(SendRow, row)));
    }
    this.#tables.stage({ partition: conversationPartition(state.key), writes });
  }

  /** Drops what was not used for longest. Call between two batches of the partition. */
  evict(partition: number): void {
    const { states, crowded } = this.#caches[partition]!;
    states.cutTo(isRareTime("conversation-states-are-dropped") ? 0 : this.#statesMax);
    for (const state of crowded) state.senders.clear();
    crowded.clear();
  }

  #cacheOf(name: string): Cache {
    return this.#caches[partitionOf(name, this.#caches.length)]!;
  }

  async #loadState(key: ConversationKey): Promise<ConversationState> {
    const state = emptyConversation(key);
    const partition = conversationPartition(key);
    const head = await this.#tables.find(CONVERSATION_HEAD, partition, []);
    if (head === undefined) return state;
    state.head = decode(HeadRow, head);
    let from: readonly string[] | undefined;
    for (;;) {
      const rows = await this.#tables.range({
        table: CONVERSATION_MEMBER,
        partition,
        limit: PAGE_ROWS,
        ...(from === undefined ? {} : { from }),
      });
      for (const row of rows) state.members.set(row.sort[0] as UserId, decode(MemberRow, row.value));
      if (rows.length < PAGE_ROWS) return state;
      from = [`${String(rows.at(-1)!.sort[0])}\u0000`];
    }
  }

  async #loadSender(
    key: ConversationKey,
    sender: { readonly userId: string; readonly deviceId: string },
  ): Promise<SenderState> {
    const rows = await this.#tables.range({
      table: CONVERSATION_SEND,
      partition: conversationPartition(key),
      from: [sender.userId, sender.deviceId],
      before: [sender.userId, `${sender.deviceId}\u0000`],
      limit: SENDS_IN_FLIGHT_MAX,
    });
    const recent: (SendRow | undefined)[] = Array.from({ length: SENDS_IN_FLIGHT_MAX }, () => undefined);
    let lastNumber = 0;
    for (const { value } of rows) {
      const row = decode(SendRow, value);
      recent[row.number % SENDS_IN_FLIGHT_MAX] = row;
      lastNumber = Math.max(lastNumber, row.number);
    }
    return { lastNumber, recent };
  }
}

/** The name of a conversation across tenants; the log is partitioned by it. */
export function conversationName(key: ConversationKey): string {
  return `${key.tenantId}/${key.conversationId}`;
}
