/**
 * A store in IndexedDB. A commit is one transaction over all stores, so it is there whole or not at all, and the browser
 * runs such transactions in the order they were begun.
 *
 *   state     key: a name                            owner, position
 *   entries   key: conversation id                   the conversation list
 *   outbox    key: conversation id, client msg id    messages not placed yet
 *   numbers   key: conversation id                   next send number
 *   spans     key: conversation id                   held spans
 *   messages  key: conversation id, sequence         messages
 */
import { Failure } from "@parley/base";
import type { ConversationEntry, ConversationId, Message } from "@parley/protocol";
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { isLater, mayReplace } from "../common/message-revision.js";
import type {
  Change,
  ClientStore,
  MessageRange,
  OutboxItem,
  Position,
  Span,
  StoreOwner,
  StoreState,
} from "../common/store.js";

const SCHEMA_VERSION = 1;
const STORES = ["state", "entries", "outbox", "numbers", "spans", "messages"] as const;
type StoreName = (typeof STORES)[number];

interface Schema extends DBSchema {
  state: { key: string; value: StoreOwner | Position };
  entries: { key: string; value: ConversationEntry };
  outbox: { key: [string, string]; value: OutboxItem };
  numbers: { key: string; value: number };
  spans: { key: string; value: readonly Span[] };
  messages: { key: [string, number]; value: Message };
}
type MessageKey = [ConversationId, number];
/** A change that does not depend on what is there. */
type PlainChange = Exclude<Change, { readonly kind: "change-messages" }>;
type Database = IDBPDatabase<Schema>;
type Transaction = IDBPTransaction<Schema, StoreName[], "readwrite">;

/** A store in the database `name`, made when there is none. Tabs must not share one: see `browser-client.ts`. */
export function createIndexedDbStore(name: string): ClientStore {
  return new IndexedDbStore(name);
}

class IndexedDbStore implements ClientStore {
  readonly #name: string;
  #database: Database | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async load(): Promise<StoreState> {
    this.#database ??= await this.#open();
    const transaction = this.#database.transaction([...STORES], "readonly");
    const at = (name: StoreName) => transaction.objectStore(name);
    const [owner, position, entries, outbox, numberKeys, numbers, spanKeys, spans] = await Promise.all([
      at("state").get("owner"),
      at("state").get("position"),
      at("entries").getAll(),
      at("outbox").getAll(),
      at("numbers").getAllKeys(),
      at("numbers").getAll(),
      at("spans").getAllKeys(),
      at("spans").getAll(),
    ]);
    await transaction.done;
    return {
      owner: owner as StoreOwner | undefined,
      position: (position as Position | undefined) ?? { epoch: 0, pts: 0 },
      entries: entries as ConversationEntry[],
      outbox: (outbox as OutboxItem[]).toSorted((one, other) => one.order - other.order),
      nextNumbers: zip(numberKeys as string[], numbers as number[]),
      spans: zip(spanKeys as string[], spans as (readonly Span[])[]),
    };
  }

  async commit(changes: readonly Change[]): Promise<void> {
    const transaction = this.#require().transaction([...STORES], "readwrite", { durability: "relaxed" });
    try {
      const resolved = await resolveMessages(transaction, changes);
      // Not awaited one by one: they are queued in order, and `done` tells of them all.
      await Promise.all(resolved.map((change) => applyChange(transaction, change)));
    } catch (error) {
      abort(transaction);
      await transaction.done.catch(() => undefined);
      throw new Failure("unavailable", "The browser refused to store.", { retry: "same", cause: error });
    }
    await transaction.done;
  }

  async readMessages(conversationId: ConversationId, range: MessageRange): Promise<readonly Message[]> {
    if (range.first > range.last) return [];
    const keys = IDBKeyRange.bound([conversationId, range.first], [conversationId, range.last]);
    if (range.newest === undefined) return this.#require().getAll("messages", keys);
    const messages: Message[] = [];
    const transaction = this.#require().transaction("messages", "readonly");
    let cursor = await transaction.store.openCursor(keys, "prev");
    while (cursor !== null && messages.length < range.newest) {
      messages.push(cursor.value);
      cursor = await cursor.continue();
    }
    await transaction.done;
    return messages.toReversed();
  }

  async close(): Promise<void> {
    // The browser finishes the transactions that were begun.
    this.#database?.close();
    this.#database = undefined;
  }

  async #open(): Promise<Database> {
    try {
      return await openDB<Schema>(this.#name, SCHEMA_VERSION, {
        upgrade(database) {
          for (const store of STORES) database.createObjectStore(store);
        },
        // A newer version of the application wants to change the schema; it must not wait for this tab.
        blocking: () => {
          this.#database?.close();
          this.#database = undefined;
        },
      });
    } catch (error) {
      throw new Failure("unavailable", "The browser's database cannot be opened.", { cause: error });
    }
  }

  #require(): Database {
    if (this.#database === undefined) throw new Failure("unavailable", "The local store is closed.");
    return this.#database;
  }
}

/**
 * The changes with each put as it will be: what would replace a newer revision, or change what is not there, is left out. The
 * messages that decide it are read first, so that the changes themselves need not wait for each other.
 */
async function resolveMessages(
  transaction: Transaction,
  changes: readonly Change[],
): Promise<readonly PlainChange[]> {
  const held = new Map<string, Message>();
  await Promise.all(
    keysToRead(changes).map(async (key) => {
      const message = await transaction.objectStore("messages").get(key);
      if (message !== undefined) held.set(key.join(" "), message);
    }),
  );
  const keep = (messages: readonly Message[], isWanted: typeof mayReplace): PlainChange => ({
    kind: "put-messages",
    messages: messages.filter((message) => {
      const name = keyOf(message).join(" ");
      if (!isWanted(held.get(name), message)) return false;
      held.set(name, message);
      return true;
    }),
  });
  return changes.map((change) => {
    if (change.kind === "put-messages") return keep(change.messages, mayReplace);
    if (change.kind === "change-messages") return keep(change.messages, isLater);
    for (const [name, message] of held) if (isTaken(message, change)) held.delete(name);
    return change;
  });
}

/** The messages whose state in the database matters: not those that an earlier change of the same commit takes away. */
function keysToRead(changes: readonly Change[]): readonly MessageKey[] {
  const keys: MessageKey[] = [];
  const takers: Change[] = [];
  for (const change of changes) {
    if (change.kind === "clear" || change.kind === "delete-messages") takers.push(change);
    if (change.kind !== "put-messages" && change.kind !== "change-messages") continue;
    for (const message of change.messages)
      if (!takers.some((taker) => isTaken(message, taker))) keys.push(keyOf(message));
  }
  return keys;
}

function isTaken({ conversationId, sequence }: Message, change: Change): boolean {
  if (change.kind === "clear") return true;
  return (
    change.kind === "delete-messages" &&
    change.conversationId === conversationId &&
    change.first <= sequence &&
    sequence <= change.last
  );
}

function keyOf({ conversationId, sequence }: Message): MessageKey {
  return [conversationId, sequence];
}

async function applyChange(transaction: Transaction, change: PlainChange): Promise<unknown> {
  const at = <N extends StoreName>(name: N) => transaction.objectStore<N>(name);
  switch (change.kind) {
    case "clear":
      return Promise.all(STORES.map((name) => at(name).clear()));
    case "owner":
      return at("state").put(change.owner, "owner");
    case "position":
      return at("state").put(change.position, "position");
    case "put-entry":
      return at("entries").put(change.entry, change.entry.conversationId);
    case "delete-entry":
      return at("entries").delete(change.conversationId);
    case "put-messages":
      return Promise.all(change.messages.map((message) => at("messages").put(message, keyOf(message))));
    case "delete-messages": {
      const { conversationId, first, last } = change;
      return at("messages").delete(IDBKeyRange.bound([conversationId, first], [conversationId, last]));
    }
    case "put-outbox":
      return at("outbox").put(change.item, [change.item.conversationId, change.item.clientMessageId]);
    case "delete-outbox":
      return at("outbox").delete([change.conversationId, change.clientMessageId]);
    case "next-number":
      return at("numbers").put(change.number, change.conversationId);
    case "spans":
      return at("spans").put(change.spans, change.conversationId);
  }
}

function abort(transaction: Transaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself, which is what was wanted.
  }
}

function zip<T>(keys: readonly string[], values: readonly T[]): Map<ConversationId, T> {
  const map = new Map<ConversationId, T>();
  for (const [index, value] of values.entries()) map.set(keys[index] as ConversationId, value);
  return map;
}
