import { LruMap } from "@parley/base";
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

/** The states of the user machine. Any state may be dropped between two batches: reads see what is staged. */
export class UserStore {
  readonly #tables: WriteBackTables;
  readonly #epoch: number;
  readonly #retentionMs: number;
  readonly #states = new LruMap<string, UserState>();

  constructor(tables: WriteBackTables, options: { readonly epoch: number; readonly retentionMs: number }) {
    this.#tables = tables;
    this.#epoch = options.epoch;
    this.#retentionMs = options.retentionMs;
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

  /** Loads what the steps need of a user. Call only from the loop that applies this user's records. */
  async load(tenantId: TenantId, userId: UserId, conversationIds: Iterable<ConversationId>): Promise<void> {
    const partition = userPartition(tenantId, userId);
    let state = this.find(tenantId, userId);
    if (state === undefined) {
      state = { tenantId, userId, head: await this.readHead(tenantId, userId), entries: new Map() };
      this.#states.put(userKey(tenantId, userId), state);
    }
    for (const conversationId of conversationIds) {
      if (state.entries.has(conversationId)) continue;
      const row = await this.#tables.find(CONVERSATION_INBOX, partition, [conversationId]);
      if (row !== undefined) state.entries.set(conversationId, decode(ConversationEntry, row));
    }
  }

  /** The queue's head as it is now, staged changes included. */
  async readHead(tenantId: TenantId, userId: UserId): Promise<UserHeadRow> {
    const row = await this.#tables.find(USER_HEAD, userPartition(tenantId, userId), []);
    return row === undefined ? { applied: 0, epoch: this.#epoch, pts: 0 } : decode(UserHeadRow, row);
  }

  /** Stages what one record did to one user, with the offset that the head then contains. */
  stage(outcome: UserOutcome, timeMs: number): void {
    const { state, hidden } = outcome;
    const { head } = state;
    const writes: Write[] = [new LazyPut(USER_HEAD, [], HEAD_BYTES, () => encode(UserHeadRow, head))];
    const expiresAtMs = timeMs + this.#retentionMs;
    for (let index = 0; index < outcome.events.length; index++) {
      const sort = [outcome.firstPts + index];
      writes.push({ kind: "put", table: SYNC_QUEUE, sort, value: outcome.events[index]!, expiresAtMs });
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
    if (state.entries.size > ENTRIES_MAX) this.#dropEntries(state);
  }

  /** Drops what was not used for longest. Call between two batches. */
  evict(): void {
    this.#states.cutTo(USERS_MAX);
  }

  #dropEntries(state: UserState): void {
    const last = [...state.entries].at(-1)!;
    state.entries.clear();
    state.entries.set(last[0], last[1]);
  }
}
