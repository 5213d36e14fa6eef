/**
 * The object stores in the database, and the way to them from each earlier version.
 *
 *   state     key: a name                            owner, position, leader, given
 *   entries   key: conversation id                   the conversation list
 *   outbox    key: conversation id, client msg id    messages not placed yet
 *   numbers   key: conversation id                   next send number
 *   spans     key: conversation id                   held spans
 *   messages  key: conversation id, sequence         messages
 *   looked    key: conversation id                   when it was looked at last; since version 2
 *
 * The browser runs a migration in one transaction: one that is interrupted leaves the version before, whole.
 */
import type { ConversationEntry, Message } from "@parley/protocol";
import type { OutboxItem, Position, Span, StoreOwner } from "../common/store.js";

interface Schema {
  state: { key: string; value: StoreOwner | Position | number | readonly string[] };
  entries: { key: string; value: ConversationEntry };
  outbox: { key: [string, string]; value: OutboxItem };
  numbers: { key: string; value: number };
  spans: { key: string; value: readonly Span[] };
  messages: { key: [string, number]; value: Message };
  looked: { key: string; value: number };
}

export const STORES = [
  "state",
  "entries",
  "outbox",
  "numbers",
  "spans",
  "messages",
  "looked",
] as const satisfies readonly (keyof Schema)[];

export type StoreName = (typeof STORES)[number];

type Migration = (database: IDBDatabase) => void;

/** Each makes the version after it of the one before it; the first begins with nothing. A released one never changes. */
const MIGRATIONS: readonly Migration[] = [
  (database) => {
    for (const store of ["state", "entries", "outbox", "numbers", "spans", "messages"] as const)
      database.createObjectStore(store);
  },
  (database) => {
    database.createObjectStore("looked");
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a database from a version to this one. */
export function migrate(database: IDBDatabase, fromVersion: number): void {
  for (const migration of MIGRATIONS.slice(fromVersion)) migration(database);
}

type Key<N extends StoreName> = Schema[N]["key"];
type Value<N extends StoreName> = Schema[N]["value"];

/** An object store, with the types of what is in it. */
export interface ObjectStore<N extends StoreName> {
  get(key: Key<N>): IDBRequest<Value<N> | undefined>;
  getAll(keys?: IDBKeyRange): IDBRequest<Value<N>[]>;
  getAllKeys(keys?: IDBKeyRange): IDBRequest<Key<N>[]>;
  openCursor(keys: IDBKeyRange, direction: "prev"): IDBRequest<IDBCursorWithValue | null>;
  put(value: Value<N>, key: Key<N>): unknown;
  delete(key: Key<N> | IDBKeyRange): unknown;
  clear(): unknown;
}

export function objectStore<N extends StoreName>(transaction: IDBTransaction, name: N): ObjectStore<N> {
  return transaction.objectStore(name) as unknown as ObjectStore<N>;
}
