import { LruMap, isRareTime } from "@parley/base";
import {
  GIVEN_KEPT_MS,
  GivenRow,
  NewestRow,
  type UserOutcome,
  type UserState,
  type UserStep,
  UserHeadRow,
} from "@parley/domain";
import {
  type ConversationId,
  type ModuleEvent,
  type TenantId,
  type UserId,
  ConversationEntry,
  DoNotDisturb,
  decode,
  encode,
} from "@parley/protocol";
import { LazyPut, type OnGrown, type Write, type WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_INBOX,
  MENTION,
  MESSAGE_INBOX,
  MODULE_EVENT,
  MODULE_NEWEST,
  SYNC_QUEUE,
  USER_HEAD,
  USER_SETTINGS,
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

/** What the steps of a batch need of a user. */
export interface NeededOfUser {
  readonly conversationIds: Set<ConversationId>;
  /** Events of modules, by their keys, of which it has to be known whether they were given before. */
  readonly modules: Map<string, Pick<ModuleEvent, "module" | "id">>;
}

export interface UserStoreOptions {
  readonly tables: WriteBackTables;
  /** Of the queues of a tenant's users, unless one of them has begun anew since. */
  readonly epochOf: (tenantId: TenantId) => number;
  /** How long events stay in a queue. */
  readonly retentionMs: number;
  /** Told how far a queue goes now. */
  readonly onGrown?: OnGrown | undefined;
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
    if (row === undefined) return { applied: 0, epoch, pts: 0, pinned: 0 };
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
  readonly #onGrown: OnGrown | undefined;
  readonly #usersMax: number;
  readonly #entriesMax: number;
  readonly #states = new LruMap<string, UserState>();
  /** Those with more entries than may stay. */
  readonly #crowded = new Set<UserState>();
  /** Those of which it was looked up what they were given: known for one batch. */
  readonly #asked = new Set<UserState>();

  constructor(store: UserStore, options: UserStoreOptions, partitionCount: number) {
    this.#store = store;
    this.#tables = options.tables;
    this.#retentionMs = options.retentionMs;
    this.#onGrown = options.onGrown;
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
    if (step.onceKey !== undefined && !state.given.has(step.onceKey)) return false;
    return step.conversationId === undefined || state.entries.has(step.conversationId);
  }

  /** Loads what the steps need of a user. */
  async load(tenantId: TenantId, userId: UserId, { conversationIds, modules }: NeededOfUser): Promise<void> {
    const partition = userPartition(tenantId, userId);
    let state = this.find(tenantId, userId);
    if (state === undefined) {
      const head = await this.#store.readHead(tenantId, userId);
      state = { tenantId, userId, head, entries: new Map(), given: new Map() };
      this.#states.put(userKey(tenantId, userId), state);
    }
    for (const conversationId of conversationIds) {
      if (state.entries.has(conversationId)) continue;
      const row = await this.#tables.find(CONVERSATION_INBOX, partition, [conversationId]);
      if (row !== undefined) state.entries.set(conversationId, decode(ConversationEntry, row));
    }
    for (const [key, { module, id }] of modules) {
      const row = await this.#tables.find(MODULE_EVENT, partition, [module, id]);
      state.given.set(key, row && decode(GivenRow, row).timeMs);
      this.#asked.add(state);
    }
    if (state.entries.size > this.#entriesMax) this.#crowded.add(state);
  }

  /** Stages what one record did to one user, with the offset that the head then contains, and what others want with it. */
  stage(outcome: UserOutcome, timeMs: number, alongside: readonly Write[] = []): void {
    const { state, hidden } = outcome;
    const { head } = state;
    const headPut = new LazyPut(USER_HEAD, [], HEAD_BYTES, () => encode(UserHeadRow, head));
    const writes: Write[] = [headPut, ...alongside];
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
    for (const { timeMs: saidMs, conversationId, sequence } of outcome.mentions)
      writes.push({ kind: "put", table: MENTION, sort: [saidMs, conversationId, sequence], value: NO_BYTES });
    pushModules(writes, outcome, timeMs, expiresAtMs);
    const { doNotDisturb } = outcome;
    if (doNotDisturb !== undefined)
      writes.push({ kind: "put", table: USER_SETTINGS, sort: [], value: encode(DoNotDisturb, doNotDisturb) });
    const partition = userPartition(state.tenantId, state.userId);
    this.#tables.stage({ partition, writes });
    if (outcome.events.length > 0)
      this.#onGrown?.(SYNC_QUEUE, partition, outcome.firstPts, outcome.firstPts + outcome.events.length - 1);
    if (state.entries.size > this.#entriesMax) this.#crowded.add(state);
  }

  /** Drops what was not used for longest. Call between two batches. */
  evict(): void {
    this.#states.cutTo(isRareTime("user-states-are-dropped") ? 0 : this.#usersMax);
    for (const state of this.#crowded) state.entries.clear();
    this.#crowded.clear();
    for (const state of this.#asked) state.given.clear();
    this.#asked.clear();
  }
}

function pushModules(writes: Write[], { modules }: UserOutcome, timeMs: number, expiresAtMs: number): void {
  for (const { module, id, collapseKey, pts, isOnce } of modules) {
    if (isOnce) {
      const given = { table: MODULE_EVENT, sort: [module, id], expiresAtMs: timeMs + GIVEN_KEPT_MS };
      writes.push({ kind: "put", ...given, value: encode(GivenRow, { timeMs }) });
    }
    if (collapseKey === "") continue;
    const newest = { table: MODULE_NEWEST, sort: [module, collapseKey], expiresAtMs };
    writes.push({ kind: "put", ...newest, value: encode(NewestRow, { pts }) });
  }
}
