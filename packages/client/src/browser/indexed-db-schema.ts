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
import type { DBSchema, IDBPDatabase, StoreNames } from "idb";
import type { OutboxItem, Position, Span, StoreOwner } from "../common/store.js";

export interface Schema extends DBSchema {
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
] as const satisfies readonly StoreNames<Schema>[];

type Migration = (database: IDBPDatabase<Schema>) => void;

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
export function migrate(database: IDBPDatabase<Schema>, fromVersion: number): void {
  for (const migration of MIGRATIONS.slice(fromVersion)) migration(database);
}
