/**
 * The client's copy of its user's state: in the store for ever, in memory for reading.
 *
 *   1. Memory changes only after the store has committed the same change.
 *   2. Edits take effect in the order they were made; those that wait together share one commit.
 */
import { Failure } from "@parley/base";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type Committed, Draft, type ReplicaState } from "./draft.js";
import { COMMIT_EDITS_MAX, EDITS_WAITING_MAX } from "./limits.js";
import type { ClientStore, StoreOwner } from "./store.js";

interface Waiting {
  /** Runs the edit and returns what tells its maker the outcome, or undefined when the edit itself failed. */
  readonly run: (draft: Draft) => Settle | undefined;
  readonly reject: (error: unknown) => void;
}
type Settle = () => void;

export class Replica {
  readonly store: ClientStore;
  readonly #onCommitted: (committed: Committed) => void;
  readonly #state: ReplicaState = emptyState();
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #list: readonly ConversationEntry[] | undefined;

  constructor(store: ClientStore, onCommitted: (committed: Committed) => void) {
    this.store = store;
    this.#onCommitted = onCommitted;
  }

  /** The state for reading. */
  get state(): Readonly<ReplicaState> {
    return this.#state;
  }

  /** Reads the store; clears it first when it is another user's. */
  async load(owner: StoreOwner): Promise<void> {
    let stored = await this.store.load();
    if (stored.owner !== undefined && stored.owner.userId !== owner.userId) {
      await this.store.commit([{ kind: "clear" }]);
      stored = await this.store.load();
    }
    if (stored.owner === undefined) await this.store.commit([{ kind: "owner", owner }]);
    const state = this.#state;
    clearState(state);
    state.owner = stored.owner ?? owner;
    state.position = stored.position;
    for (const entry of stored.entries) state.entries.set(entry.conversationId, entry);
    for (const item of stored.outbox) {
      state.outbox.set(item.conversationId, [...(state.outbox.get(item.conversationId) ?? []), item]);
    }
    for (const [conversationId, number] of stored.nextNumbers) state.nextNumbers.set(conversationId, number);
    for (const [conversationId, spans] of stored.spans) state.spans.set(conversationId, spans);
    this.#list = undefined;
  }

  /**
   * Runs `edit` on a draft, commits it and makes it the state. The edit may throw only before its first change.
   * Effects: stored and in memory when it resolves. Errors: what the edit or the store threw; then nothing changed.
   */
  edit<T>(edit: (draft: Draft) => T): Promise<T> {
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

  /** The list, most recently changed first; the same array until an entry changes. */
  conversations(): readonly ConversationEntry[] {
    this.#list ??= [...this.#state.entries.values()].toSorted(newestFirst);
    return this.#list;
  }

  entry(conversationId: ConversationId): ConversationEntry | undefined {
    return this.#state.entries.get(conversationId);
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

  async #commit(batch: readonly Waiting[]): Promise<void> {
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
      if (changes.length > 0) await this.store.commit(changes);
    } catch (error) {
      for (const waiting of accepted) waiting.reject(error);
      return;
    }
    const committed = draft.mergeIntoBase();
    if (committed.entries.size > 0) this.#list = undefined;
    this.#onCommitted(committed);
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
  };
}

function clearState(state: ReplicaState): void {
  state.entries.clear();
  state.outbox.clear();
  state.nextNumbers.clear();
  state.spans.clear();
}

function newestFirst(one: ConversationEntry, other: ConversationEntry): number {
  return other.updatedMs - one.updatedMs || (one.conversationId < other.conversationId ? -1 : 1);
}
