import { LruMap, isRareTime } from "@parley/base";
import { type UserOutcome, type UserState, type UserStep, UserHeadRow } from "@parley/domain";
import {
  type ConversationId,
  type TenantId,
  type UserId,
  ConversationEntry,
  decode,
  encode,
} from "@parley/protocol";
import { LazyPut, type Write, type WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_INBOX,
  MESSAGE_INBOX,
  SYNC_QUEUE,
  USER_HEAD,
  userKey,
  userPartition,
} from "./user-tables.js";

/** Users whose state is kept in memory. */
const USERS_MAX = 50_000;
/** List entries kept in memory for one user; beyond it they are read again when needed. */
const ENTRIES_MAX = 1_000;
/** About what rows take that are encoded when they are flushed. */
const HEAD_BYTES = 20;
const ENTRY_BYTES = 300;
const NO_BYTES = new Uint8Array(0);

export interface UserStoreOptions {
  readonly tables: WriteBackTables;
  /** Of the queues of a tenant's users, unless one of them has begun anew since. */
  readonly epochOf: (tenantId: TenantId) => number;
  /** How long events stay in a queue. */
  readonly retentionMs: number;
  /** All partitions together. Default 50,000. */
  readonly usersMax?: number;
  /** List entries of one user. Default 1,000. */
  readonly entriesMax?: number;
}

/** The rows of the user machine. */
export class UserStore {
  readonly #options: UserStoreOptions;

  constructor(options: UserStoreOptions) {
    this.#options = options;
  }

  /** The memory of one of `partitionCount` loops. */
  openStates(partitionCount: number): UserStates {
    return new UserStates(this, this.#options, partitionCount);
  }

  /** The queue's head as it is now, staged changes included. */
  async readHead(tenantId: TenantId, userId: UserId): Promise<UserHeadRow> {
    const { tables, epochOf } = this.#options;
    const epoch = epochOf(tenantId);
    const row = await tables.find(USER_HEAD, userPartition(tenantId, userId), []);
    if (row === undefined) return { applied: 0, epoch, pts: 0 };
    const head = decode(UserHeadRow, row);
    // The installation may have begun anew since the row was written, or this queue alone.
    return { ...head, epoch: Math.max(head.epoch, epoch) };
  }
}

/**
 * The states that one partition's loop has in memory. Any of them may be dropped between two batches: reads see what is
 * staged. Within a batch nothing is dropped, because everything that its records need was loaded before the first.
 */
export class UserStates {
  readonly #store: UserStore;
  readonly #tables: WriteBackTables;
  readonly #retentionMs: number;
  readonly #usersMax: number;
  readonly #entriesMax: number;
  readonly #states = new LruMap<string, UserState>();
  /** Those with more entries than may stay. */
  readonly #crowded = new Set<UserState>();

  constructor(store: UserStore, options: UserStoreOptions, partitionCount: number) {
    this.#store = store;
    this.#tables = options.tables;
    this.#retentionMs = options.retentionMs;
    this.#usersMax = Math.ceil((options.usersMax ?? USERS_MAX) / partitionCount);
    this.#entriesMax = options.entriesMax ?? ENTRIES_MAX;
  }

  find(tenantId: TenantId, userId: UserId): UserState | undefined {
    return this.#states.find(userKey(tenantId, userId));
  }

  /** Whether the machine can apply this step to this user without reading. */
  isReady(tenantId: TenantId, userId: UserId, step: UserStep): boolean {
    const state = this.find(tenantId, userId);
    if (state === undefined) return false;
    return step.conversationId === undefined || state.entries.has(step.conversationId);
  }

  /** Loads what the steps need of a user. */
  async load(tenantId: TenantId, userId: UserId, conversationIds: Iterable<ConversationId>): Promise<void> {
    const partition = userPartition(tenantId, userId);
    let state = this.find(tenantId, userId);
    if (state === undefined) {
      state = { tenantId, userId, head: await this.#store.readHead(tenantId, userId), entries: new Map() };
      this.#states.put(userKey(tenantId, userId), state);
    }
    for (const conversationId of conversationIds) {
      if (state.entries.has(conversationId)) continue;
      const row = await this.#tables.find(CONVERSATION_INBOX, partition, [conversationId]);
      if (row !== undefined) state.entries.set(conversationId, decode(ConversationEntry, row));
    }
    if (state.entries.size > this.#entriesMax) this.#crowded.add(state);
  }

  /** Stages what one record did to one user, with the offset that the head then contains. */
  stage(outcome: UserOutcome, timeMs: number): void {
    const { state, hidden } = outcome;
    const { head } = state;
    const writes: Write[] = [new LazyPut(USER_HEAD, [], HEAD_BYTES, () => encode(UserHeadRow, head))];
    const expiresAtMs = timeMs + this.#retentionMs;
    for (let index = 0; index < outcome.events.length; index++) {
      const sort = [outcome.firstPts + index];
      writes.push({
        kind: "put",
        table: SYNC_QUEUE,
        sort,
        value: outcome.events[index]!,
        expiresAtMs,
        isNew: true,
      });
    }
    for (const conversationId of outcome.entries) {
      const entry = state.entries.get(conversationId)!;
      writes.push(
        new LazyPut(CONVERSATION_INBOX, [conversationId], ENTRY_BYTES, () =>
          encode(ConversationEntry, entry),
        ),
      );
    }
    for (const sequence of hidden?.sequences ?? []) {
      writes.push({
        kind: "put",
        table: MESSAGE_INBOX,
        sort: [hidden!.conversationId, sequence],
        value: NO_BYTES,
      });
    }
    this.#tables.stage({ partition: userPartition(state.tenantId, state.userId), writes });
    if (state.entries.size > this.#entriesMax) this.#crowded.add(state);
  }

  /** Drops what was not used for longest. Call between two batches. */
  evict(): void {
    this.#states.cutTo(isRareTime("user-states-are-dropped") ? 0 : this.#usersMax);
    for (const state of this.#crowded) state.entries.clear();
    this.#crowded.clear();
  }
}
