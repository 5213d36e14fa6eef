/** The state of a tab that follows: what its leader committed, applied to a copy of the same state. */
import type { Committed, ReplicaState } from "./draft.js";
import type { Change, OutboxItem } from "./store.js";

/** The changes that concern the state in memory; messages are read from the store. */
export function stateChanges(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ kind }) => !MESSAGE_KINDS.has(kind));
}

const MESSAGE_KINDS: ReadonlySet<Change["kind"]> = new Set([
  "put-messages",
  "change-messages",
  "change-reactions",
  "change-card-part",
  "delete-messages",
]);

/** Makes a state what it is after the changes. */
export function mirrorChanges(state: ReplicaState, changes: readonly Change[]): void {
  for (const change of changes) mirrorOne(state, change);
}

/** As after a commit that touched everything: for whoever has read the store anew. */
export function everythingCommitted(before: ReplicaState, after: ReplicaState): Committed {
  const inEither = <K>(one: ReadonlyMap<K, unknown>, other: ReadonlyMap<K, unknown>): Set<K> =>
    new Set([...one.keys(), ...other.keys()]);
  const spans = inEither(before.spans, after.spans);
  return {
    entries: inEither(before.entries, after.entries),
    outbox: inEither(before.outbox, after.outbox),
    spans,
    replaced: spans,
    deleted: new Map(),
    changed: new Map(),
    joined: new Set(),
    signals: [],
    reactions: [],
    cardParts: [],
    told: [],
    isRebased: true,
    rebased: new Set(),
    groups: [],
  };
}

function mirrorOne(state: ReplicaState, change: Change): void {
  switch (change.kind) {
    case "owner":
      state.owner = change.owner;
      return;
    case "position":
      state.position = change.position;
      return;
    case "put-entry":
      state.entries.set(change.entry.conversationId, change.entry);
      return;
    case "delete-entry":
      state.entries.delete(change.conversationId);
      return;
    case "put-outbox":
      setOutbox(state, change.item, [change.item]);
      return;
    case "delete-outbox":
      setOutbox(state, change, []);
      return;
    case "next-number":
      state.nextNumbers.set(change.conversationId, change.number);
      return;
    case "spans":
      state.spans.set(change.conversationId, change.spans);
      return;
    case "looked":
      state.looked.set(change.conversationId, change.atMs);
      return;
    case "given":
      state.given = change.clientMessageIds;
      return;
    // A store is cleared, and a lead claimed, by whoever opens it; messages are read from the store.
    case "clear":
    case "leader":
    case "put-messages":
    case "change-messages":
    case "change-reactions":
    case "change-card-part":
    case "delete-messages":
  }
}

function setOutbox(
  { outbox }: ReplicaState,
  { conversationId, clientMessageId }: Pick<OutboxItem, "conversationId" | "clientMessageId">,
  instead: readonly OutboxItem[],
): void {
  const others = (outbox.get(conversationId) ?? []).filter((one) => one.clientMessageId !== clientMessageId);
  const items = [...others, ...instead].toSorted((one, other) => one.order - other.order);
  if (items.length === 0) outbox.delete(conversationId);
  else outbox.set(conversationId, items);
}
