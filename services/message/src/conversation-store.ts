import type {
  ConversationChanges,
  ConversationKey,
  ConversationState,
  NeededCards,
  NeededRows,
  SenderState,
} from "@parley/domain";
import {
  CardRow,
  GIVEN_KEPT_MS,
  GivenRow,
  HeadRow,
  JoinRequestRow,
  MemberChangeRow,
  MemberRow,
  PinRow,
  ReactionRow,
  ReactionSumRow,
  SendRow,
  TopicRow,
  emptyConversation,
  NewestRow,
  groupOf,
  moduleEventKey,
  senderKey,
} from "@parley/domain";
import { LruMap, isRareTime, partitionOf } from "@parley/base";
import {
  type UserId,
  Card,
  CardAction,
  Edit,
  JOIN_REQUESTS_MAX,
  Message,
  SENDS_IN_FLIGHT_MAX,
  decode,
  encode,
} from "@parley/protocol";
import {
  type Key,
  LazyPut,
  type OnGrown,
  type TableSpec,
  type Write,
  type WriteBackTables,
} from "@parley/tables";
import {
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_EVENT,
  CONVERSATION_MODULE_NEWEST,
  CONVERSATION_PIN,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEARCH,
  CONVERSATION_SEND,
  conversationPartition,
} from "./conversation-tables.js";
import { ChunkChanges, chunkOf } from "./search/chunk-changes.js";

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
  /** How long events stay in a topic. */
  readonly retentionMs: number;
  /** Told how far a topic goes now. */
  readonly onGrown?: OnGrown | undefined;
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
  /** Told of every change of a message, for those who make filters meanwhile. */
  readonly chunkChanges = new ChunkChanges();
  readonly #tables: WriteBackTables;
  readonly #caches: readonly Cache[];
  readonly #statesMax: number;
  readonly #sendersMax: number;
  readonly #retentionMs: number;
  readonly #onGrown: OnGrown | undefined;

  constructor(options: ConversationStoreOptions) {
    const { partitionCount } = options;
    this.#tables = options.tables;
    this.#retentionMs = options.retentionMs;
    this.#onGrown = options.onGrown;
    this.#caches = Array.from({ length: partitionCount }, () => ({
      states: new LruMap<string, ConversationState>(),
      crowded: new Set<ConversationState>(),
    }));
    this.#statesMax = Math.ceil((options.conversationsMax ?? CONVERSATIONS_MAX) / partitionCount);
    this.#sendersMax = options.sendersMax ?? SENDERS_MAX;
  }

  /** The state, if it is in memory. `partition` is that of the conversation, for those who know it. */
  find(key: ConversationKey, partition?: number): ConversationState | undefined {
    const name = conversationName(key);
    const { states } = partition === undefined ? this.#cacheOf(name) : this.#caches[partition]!;
    return states.find(name);
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

  /** Loads a message that a record is about, when there is one. What was staged before the call is seen. */
  async loadTarget(state: ConversationState, sequence: number): Promise<void> {
    const value = await this.#tables.find(CONVERSATION_MESSAGE, conversationPartition(state.key), [sequence]);
    if (value !== undefined) state.targets.set(sequence, decode(Message, value));
  }

  /** Loads the reactions that a record is about, as `loadTarget` does a message. */
  async loadReactions(state: ConversationState, { sums, reactorId }: NeededRows): Promise<void> {
    // Before the first reaction there is nothing to read.
    if (sums.length === 0 || state.head?.reacting === undefined) return;
    const partition = conversationPartition(state.key);
    const values = await this.#tables.findMany(
      CONVERSATION_REACTION_SUM,
      sums.map((sequence) => ({ partition, sort: [sequence] })),
    );
    for (const [index, sequence] of sums.entries()) {
      const value = values[index];
      if (value !== undefined) state.sums.set(sequence, decode(ReactionSumRow, value));
    }
    if (reactorId === undefined) return;
    const value = await this.#tables.find(CONVERSATION_REACTION, partition, [sums[0]!, reactorId]);
    if (value !== undefined) state.reactor = decode(ReactionRow, value);
  }

  /** Loads what a record needs of cards, as `loadTarget` does a message. */
  async loadCards({ key, card }: ConversationState, needed: NeededCards): Promise<void> {
    const { sequences, partOf, actionOf } = needed;
    const [first] = sequences;
    if (first === undefined) return;
    const partition = conversationPartition(key);
    const values = await this.#tables.findMany(
      CONVERSATION_CARD,
      sequences.map((sequence) => ({ partition, sort: [sequence] })),
    );
    for (const [index, sequence] of sequences.entries()) {
      const value = values[index];
      if (value !== undefined) card.rows.set(sequence, decode(CardRow, value));
    }
    if ((partOf ?? "") !== "") {
      const value = await this.#tables.find(CONVERSATION_CARD_PART, partition, [first, partOf!]);
      card.part = value && decode(Card, value);
    }
    if (actionOf === undefined) return;
    const value = await this.#tables.find(CONVERSATION_CARD_ACTION, partition, [first, actionOf]);
    card.action = value && decode(CardAction, value);
  }

  /** Loads whether an event of a module was published before, as `loadTarget` does a message. */
  async loadGiven(
    { key, given }: ConversationState,
    event: NonNullable<NeededRows["module"]>,
  ): Promise<void> {
    const sort = [event.module, event.id];
    const value = await this.#tables.find(CONVERSATION_MODULE_EVENT, conversationPartition(key), sort);
    given.set(moduleEventKey(event), value && decode(GivenRow, value).timeMs);
  }

  /** Stages what one record of `timeMs` changed, together with the offset that the head then contains. */
  stage(state: ConversationState, changes: ConversationChanges, timeMs: number): void {
    const head = state.head!;
    const writes: Write[] = [new LazyPut(CONVERSATION_HEAD, [], HEAD_BYTES, () => encode(HeadRow, head))];
    for (const message of changes.messages) {
      const value = encode(Message, message);
      writes.push({ kind: "put", table: CONVERSATION_MESSAGE, sort: [message.sequence], value, isNew: true });
    }
    for (const message of changes.changed) {
      const value = encode(Message, message);
      writes.push({ kind: "put", table: CONVERSATION_MESSAGE, sort: [message.sequence], value });
      writes.push({ kind: "delete", table: CONVERSATION_SEARCH, sort: [chunkOf(message.sequence)] });
      this.chunkChanges.note(state.key, message.sequence);
    }
    for (const { sequence, revision, row } of changes.edits) {
      writes.push(writeOf(CONVERSATION_EDIT, [sequence, revision], row && encode(Edit, row)));
    }
    for (const { sequence, row } of changes.sums)
      writes.push(writeOf(CONVERSATION_REACTION_SUM, [sequence], row && encode(ReactionSumRow, row)));
    for (const { sequence, userId, row } of changes.reactions)
      writes.push(writeOf(CONVERSATION_REACTION, [sequence, userId], encode(ReactionRow, row)));
    for (const { sequence, row } of changes.pins)
      writes.push(writeOf(CONVERSATION_PIN, [sequence], row && encode(PinRow, row)));
    for (const { userId, row } of changes.members) {
      const table = CONVERSATION_MEMBER;
      if (row === undefined) writes.push({ kind: "delete", table, sort: [userId] });
      else writes.push(new LazyPut(table, [userId], MEMBER_BYTES, () => encode(MemberRow, row)));
    }
    for (const { userId, deviceId, row } of changes.sends) {
      const sort = [userId, deviceId, row.number % SENDS_IN_FLIGHT_MAX];
      writes.push(new LazyPut(CONVERSATION_SEND, sort, SEND_BYTES, () => encode(SendRow, row)));
    }
    const firstPts = head.topicPts - changes.topic.length + 1;
    const expiresAtMs = timeMs + this.#retentionMs;
    for (const [index, row] of changes.topic.entries()) {
      const value = encode(TopicRow, row);
      const sort = [firstPts + index];
      writes.push({ kind: "put", table: CONVERSATION_EVENT, sort, value, expiresAtMs, isNew: true });
    }
    pushModules(writes, changes, timeMs, expiresAtMs);
    pushCards(writes, changes);
    pushGroup(writes, changes);
    const partition = conversationPartition(state.key);
    this.#tables.stage({ partition, writes });
    if (changes.topic.length > 0) this.#onGrown?.(CONVERSATION_EVENT, partition, firstPts, head.topicPts);
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
    if (groupOf(state.head).requestCount > 0) await this.#loadRequests(state);
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

  async #loadRequests({ key, requests }: ConversationState): Promise<void> {
    const rows = await this.#tables.range({
      table: CONVERSATION_JOIN_REQUEST,
      partition: conversationPartition(key),
      limit: JOIN_REQUESTS_MAX,
    });
    for (const { sort, value } of rows) requests.set(sort[0] as UserId, decode(JoinRequestRow, value));
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

/** Undefined: the row is deleted, if there is one. */
function writeOf(table: TableSpec, sort: Key, value: Uint8Array | undefined): Write {
  return value === undefined ? { kind: "delete", table, sort } : { kind: "put", table, sort, value };
}

function pushModules(
  writes: Write[],
  { modules }: ConversationChanges,
  timeMs: number,
  expiresAtMs: number,
): void {
  for (const { module, id, collapseKey, pts } of modules) {
    const value = encode(GivenRow, { timeMs });
    const given = {
      table: CONVERSATION_MODULE_EVENT,
      sort: [module, id],
      expiresAtMs: timeMs + GIVEN_KEPT_MS,
    };
    writes.push({ kind: "put", ...given, value });
    if (collapseKey === "" || pts === 0) continue;
    const newest = { table: CONVERSATION_MODULE_NEWEST, sort: [module, collapseKey], expiresAtMs };
    writes.push({ kind: "put", ...newest, value: encode(NewestRow, { pts }) });
  }
}

function pushCards(writes: Write[], { cards, cardParts, cardActions }: ConversationChanges): void {
  for (const { sequence, row } of cards)
    writes.push(writeOf(CONVERSATION_CARD, [sequence], encode(CardRow, row)));
  for (const { sequence, userId, row } of cardParts)
    writes.push(writeOf(CONVERSATION_CARD_PART, [sequence, userId], encode(Card, row)));
  for (const { sequence, row } of cardActions)
    writes.push(writeOf(CONVERSATION_CARD_ACTION, [sequence, row.userId], encode(CardAction, row)));
}

function pushGroup(writes: Write[], { requests, memberChanges }: ConversationChanges): void {
  for (const { userId, row } of requests)
    writes.push(writeOf(CONVERSATION_JOIN_REQUEST, [userId], row && encode(JoinRequestRow, row)));
  for (const { revision, row } of memberChanges)
    writes.push(writeOf(CONVERSATION_MEMBER_CHANGE, [revision], row && encode(MemberChangeRow, row)));
}

/** The name of a conversation across tenants; the log is partitioned by it. */
export function conversationName(key: ConversationKey): string {
  return `${key.tenantId}/${key.conversationId}`;
}
