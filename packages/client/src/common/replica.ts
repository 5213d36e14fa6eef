/**
 * The client's copy of its user's state: in the store for ever, in memory for reading.
 *
 *   1. Memory changes only after the store has committed the same change.
 *   2. Edits take effect in the order they were made; those that wait together share one commit.
 */
import { Failure, failureCode } from "@parley/base";
import { ConversationEntry, type ConversationId, filled } from "@parley/protocol";
import { type Committed, Draft, type ReplicaState } from "./draft.js";
import { COMMIT_EDITS_MAX, EDITS_WAITING_MAX } from "./limits.js";
import type { Eviction } from "./storage.js";
import { everythingCommitted, mirrorChanges } from "./mirror.js";
import {
  type Change,
  type ClientStore,
  isLeadLost,
  leadLost,
  type StoreOwner,
  type StoreState,
} from "./store.js";

interface Waiting {
  /** Runs the edit and returns what tells its maker the outcome, or undefined when the edit itself failed. */
  readonly run: (draft: Draft) => Settle | undefined;
  readonly reject: (error: unknown) => void;
}
type Settle = () => void;

export class Replica {
  readonly store: ClientStore;
  readonly #onCommitted: (committed: Committed, changes: readonly Change[]) => void;
  readonly #state: ReplicaState = emptyState();
  /** Under which lead it commits; undefined: nobody else has the store. */
  #leader: number | undefined;
  #isReadOnly = false;
  /** The store is full: what to give up so that the same can be tried once more. */
  onMadeRoom: (evictions: readonly Eviction[]) => void = () => undefined;
  makeRoom: () => Promise<readonly Eviction[]> = async () => [];
  /** A commit was refused because another tab leads. */
  onLeadLost: () => void = () => undefined;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #list: readonly ConversationEntry[] = [];
  /** Entries that changed since `#list` was put in order. */
  readonly #touched = new Set<ConversationId>();

  constructor(store: ClientStore, onCommitted: (committed: Committed, changes: readonly Change[]) => void) {
    this.store = store;
    this.#onCommitted = onCommitted;
  }

  /** The state for reading. */
  get state(): Readonly<ReplicaState> {
    return this.#state;
  }

  /** Reads the store; clears it first when it is another user's. */
  async load(owner: StoreOwner): Promise<void> {
    await this.#take(await this.store.load(), owner);
  }

  /** As `load`, for this tab alone: whoever led before commits nothing from now on. Returns the number of the lead. */
  async lead(owner: StoreOwner): Promise<number> {
    const stored = await this.store.load(true);
    const { leader } = stored;
    this.#leader = leader;
    this.#isReadOnly = false;
    const before = this.#copy();
    await this.#take(stored, owner);
    // The leader before may have committed what it could not tell any more.
    if (before.owner !== undefined) this.#onCommitted(everythingCommitted(before, this.#state), []);
    return leader;
  }

  /** Reads the store, which another tab commits to; another user's is not shown. */
  async follow(owner: StoreOwner): Promise<void> {
    this.#isReadOnly = true;
    const stored = await this.store.load();
    const before = this.#copy();
    if (stored.owner !== undefined && stored.owner.userId === owner.userId) this.#setState(stored, owner);
    this.#onCommitted(everythingCommitted(before, this.#state), []);
  }

  /** The leader has committed. */
  mirror(changes: readonly Change[], committed: Committed): void {
    mirrorChanges(this.#state, changes);
    this.#touch(committed.entries);
    this.#onCommitted(committed, changes);
  }

  /**
   * Runs `edit` on a draft, commits it and makes it the state. The edit may throw only before its first change.
   * Effects: stored and in memory when it resolves. Errors: what the edit or the store threw; then nothing changed.
   */
  edit<T>(edit: (draft: Draft) => T): Promise<T> {
    if (this.#isReadOnly) return Promise.reject(leadLost());
    if (this.#waiting.length >= EDITS_WAITING_MAX) {
      return Promise.reject(
        new Failure("unavailable", "Too many changes wait for the store.", { retry: "same" }),
      );
    }
    const result = new Promise<T>((resolve, reject) => {
      const run = (draft: Draft): Settle | undefined => {
        try {
          const value = edit(draft);
          return () => resolve(value);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return undefined;
        }
      };
      this.#waiting.push({ run, reject });
    });
    this.#working ??= this.#work();
    return result;
  }

  /** Waits for the edits that were made. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** The list in its order; the same array until an entry changes. */
  conversations(): readonly ConversationEntry[] {
    if (this.#touched.size > 0) {
      const rest = this.#list.filter(({ conversationId }) => !this.#touched.has(conversationId));
      const changed = [...this.#touched].flatMap((conversationId) => this.entry(conversationId) ?? []);
      // Nearly in order already, which is put in order in one pass: what changed is mostly what comes first.
      this.#list = [...changed, ...rest].toSorted(inListOrder);
      this.#touched.clear();
    }
    return this.#list;
  }

  #touch(conversationIds: Iterable<ConversationId>): void {
    for (const conversationId of conversationIds) this.#touched.add(conversationId);
  }

  entry(conversationId: ConversationId): ConversationEntry | undefined {
    return this.#state.entries.get(conversationId);
  }

  /** Gives up old history; false when there is none, or even that has no room. */
  async #giveUp(): Promise<boolean> {
    try {
      const evictions = await this.makeRoom();
      if (evictions.length === 0) return false;
      const draft = new Draft(this.#state);
      for (const { conversationId, before } of evictions) draft.evict(conversationId, before);
      const changes = draft.changes();
      await this.store.commit(changes, this.#leader);
      this.#onCommitted(draft.mergeIntoBase(), changes);
      this.onMadeRoom(evictions);
      return true;
    } catch {
      // What the first try came to is told.
      return false;
    }
  }

  /** Of what a reading replaces. */
  #copy(): ReplicaState {
    const { entries, outbox, spans } = this.#state;
    return {
      ...this.#state,
      entries: new Map(entries),
      outbox: new Map(outbox),
      spans: new Map(spans),
    };
  }

  /** Makes what was read the state. What is committed before there is one keeps the lead when it clears the store. */
  async #take(stored: StoreState, owner: StoreOwner): Promise<void> {
    const { leader } = stored;
    let state = stored;
    if (state.owner !== undefined && state.owner.userId !== owner.userId) {
      await this.store.commit([{ kind: "clear" }, { kind: "leader", leader }], this.#leader);
      state = await this.store.load();
    }
    if (state.owner === undefined) await this.store.commit([{ kind: "owner", owner }], this.#leader);
    this.#setState(state, owner);
  }

  #setState(stored: StoreState, owner: StoreOwner): void {
    const state = this.#state;
    clearState(state);
    state.owner = stored.owner ?? owner;
    state.position = stored.position;
    state.given = stored.given;
    // What was stored by an earlier version lacks the fields that came since.
    for (const entry of stored.entries)
      state.entries.set(entry.conversationId, filled(ConversationEntry, entry));
    for (const item of stored.outbox) {
      state.outbox.set(item.conversationId, [...(state.outbox.get(item.conversationId) ?? []), item]);
    }
    for (const [conversationId, number] of stored.nextNumbers) state.nextNumbers.set(conversationId, number);
    for (const [conversationId, spans] of stored.spans) state.spans.set(conversationId, spans);
    for (const [conversationId, atMs] of stored.looked) state.looked.set(conversationId, atMs);
    this.#list = [];
    this.#touch(state.entries.keys());
  }

  async #work(): Promise<void> {
    // One turn later, so that what is edited together is committed together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, COMMIT_EDITS_MAX);
      this.#waiting = this.#waiting.slice(COMMIT_EDITS_MAX);
      await this.#commit(batch);
    }
    this.#working = undefined;
  }

  async #commit(batch: readonly Waiting[], isSecond = false): Promise<void> {
    const draft = new Draft(this.#state);
    const settles: Settle[] = [];
    const accepted: Waiting[] = [];
    for (const waiting of batch) {
      const settle = waiting.run(draft);
      if (settle === undefined) continue;
      settles.push(settle);
      accepted.push(waiting);
    }
    const changes = draft.changes();
    try {
      if (changes.length > 0) await this.store.commit(changes, this.#leader);
    } catch (error) {
      if (isLeadLost(error)) this.onLeadLost();
      if (!isSecond && failureCode(error) === "storage-full" && (await this.#giveUp()))
        return this.#commit(accepted, true);
      for (const waiting of accepted) waiting.reject(error);
      return;
    }
    const committed = draft.mergeIntoBase();
    this.#touch(committed.entries);
    this.#onCommitted(committed, changes);
    for (const settle of settles) settle();
  }
}

function emptyState(): ReplicaState {
  return {
    owner: undefined,
    position: { epoch: 0, pts: 0 },
    entries: new Map(),
    outbox: new Map(),
    nextNumbers: new Map(),
    spans: new Map(),
    given: [],
    looked: new Map(),
  };
}

function clearState(state: ReplicaState): void {
  state.entries.clear();
  state.outbox.clear();
  state.nextNumbers.clear();
  state.spans.clear();
  state.looked.clear();
}

/** Pinned ones first, by when they were pinned and not by what is said in them: so they are found in their places. */
function inListOrder(one: ConversationEntry, other: ConversationEntry): number {
  return (
    other.pinnedMs - one.pinnedMs ||
    other.updatedMs - one.updatedMs ||
    (one.conversationId < other.conversationId ? -1 : 1)
  );
}
