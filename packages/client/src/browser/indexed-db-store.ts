/**
 * A store in IndexedDB. A commit is one transaction over all stores, so it is there whole or not at all, and the browser
 * runs such transactions in the order they were begun. What is in it: `indexed-db-schema.ts`.
 */
import { Failure } from "@parley/base";
import type { ConversationId, Message } from "@parley/protocol";
import { isLater, merged, withCardPart, withReactions } from "../common/message-revision.js";
import {
  type Change,
  type ClientStore,
  leadLost,
  type MessageRange,
  type Position,
  type StoreOwner,
  type StoreState,
  storeIsNewer,
} from "../common/store.js";
import { endOf, openDatabase, resultOf } from "./indexed-db.js";
import { migrate, objectStore, SCHEMA_VERSION, type StoreName, STORES } from "./indexed-db-schema.js";

type MessageKey = [ConversationId, number];
/** A change that does not depend on what is there. */
type Place = Pick<Message, "conversationId" | "sequence">;
type PlainChange = Exclude<
  Change,
  { readonly kind: "change-messages" | "change-reactions" | "change-card-part" }
>;

/** A store in the database `name`, made when there is none. Of tabs that share one, one commits: see `tabs.ts`. */
export function createIndexedDbStore(name: string): ClientStore {
  return new IndexedDbStore(name);
}

class IndexedDbStore implements ClientStore {
  readonly #name: string;
  #database: IDBDatabase | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async load(): Promise<StoreState> {
    this.#database ??= await this.#open();
    const transaction = this.#database.transaction([...STORES], "readonly");
    const state = (key: string) => resultOf(objectStore(transaction, "state").get(key));
    const all = <N extends StoreName>(name: N) => resultOf(objectStore(transaction, name).getAll());
    const keys = (name: "numbers" | "spans" | "looked") =>
      resultOf(objectStore(transaction, name).getAllKeys());
    const [owner, position, leader, given, entries, outbox, ...keyed] = await Promise.all([
      state("owner"),
      state("position"),
      state("leader"),
      state("given"),
      all("entries"),
      all("outbox"),
      keys("numbers"),
      all("numbers"),
      keys("spans"),
      all("spans"),
      keys("looked"),
      all("looked"),
    ]);
    const [numberKeys, numbers, spanKeys, spans, lookedKeys, looked] = keyed;
    return {
      owner: owner as StoreOwner | undefined,
      position: (position as Position | undefined) ?? { epoch: 0, pts: 0 },
      entries,
      outbox: outbox.toSorted((one, other) => one.order - other.order),
      nextNumbers: zip(numberKeys, numbers),
      spans: zip(spanKeys, spans),
      leader: (leader as number | undefined) ?? 0,
      given: (given as readonly string[] | undefined) ?? [],
      looked: zip(lookedKeys, looked),
    };
  }

  async commit(changes: readonly Change[], leader?: number): Promise<void> {
    const transaction = this.#require().transaction([...STORES], "readwrite", { durability: "relaxed" });
    const ended = endOf(transaction);
    try {
      if (leader !== undefined) await requireLeader(transaction, leader);
      const resolved = await resolveMessages(transaction, changes);
      // They are queued in order, and the end of the transaction tells of them all.
      for (const change of resolved) applyChange(transaction, change);
    } catch (error) {
      abort(transaction);
      await ended.catch(() => undefined);
      throw refusal(error);
    }
    await ended.catch((error: unknown) => {
      throw refusal(error);
    });
  }

  async readMessages(conversationId: ConversationId, range: MessageRange): Promise<readonly Message[]> {
    if (range.first > range.last) return [];
    const keys = IDBKeyRange.bound([conversationId, range.first], [conversationId, range.last]);
    const stored = objectStore(this.#require().transaction("messages", "readonly"), "messages");
    if (range.newest === undefined) return resultOf(stored.getAll(keys));
    const messages: Message[] = [];
    const request = stored.openCursor(keys, "prev");
    for (let cursor = await resultOf(request); cursor !== null && messages.length < range.newest;) {
      messages.push(cursor.value as Message);
      cursor.continue();
      cursor = await resultOf(request);
    }
    return messages.toReversed();
  }

  async close(): Promise<void> {
    // The browser finishes the transactions that were begun.
    this.#database?.close();
    this.#database = undefined;
  }

  async destroy(): Promise<void> {
    await this.close();
    // It waits until the last tab has closed it, which each does when it is told that it shall go.
    await resultOf(indexedDB.deleteDatabase(this.#name)).catch((error: unknown) => {
      throw new Failure("unavailable", "The browser's database cannot be removed.", { cause: error });
    });
  }

  async #open(): Promise<IDBDatabase> {
    try {
      return await openDatabase(this.#name, {
        version: SCHEMA_VERSION,
        upgrade: migrate,
        // A newer version of the application wants to change the schema; it must not wait for this tab.
        onBlocking: () => {
          this.#database?.close();
          this.#database = undefined;
        },
      });
    } catch (error) {
      const isNewer = error instanceof DOMException && error.name === "VersionError";
      if (isNewer) throw storeIsNewer(await versionOf(this.#name), SCHEMA_VERSION);
      throw new Failure("unavailable", "The browser's database cannot be opened.", { cause: error });
    }
  }

  #require(): IDBDatabase {
    if (this.#database === undefined) throw new Failure("unavailable", "The local store is closed.");
    return this.#database;
  }
}

/** What the browser refused, in our words. */
function refusal(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const isFull = (error as { readonly name?: unknown } | null)?.name === "QuotaExceededError";
  return isFull
    ? new Failure("storage-full", "The browser has no room for the local store.", {
        retry: "after-change",
        cause: error,
      })
    : new Failure("unavailable", "The browser refused to store.", { retry: "same", cause: error });
}

/** The version of a database that is there; 0 where the browser does not list them. */
async function versionOf(name: string): Promise<number> {
  const databases = await indexedDB.databases?.().catch(() => []);
  return databases?.find((database) => database.name === name)?.version ?? 0;
}

/** In the transaction itself: nobody can take the lead between the look and the changes. */
async function requireLeader(transaction: IDBTransaction, leader: number): Promise<void> {
  const stored = await resultOf(objectStore(transaction, "state").get("leader"));
  if ((stored ?? 0) !== leader) throw leadLost();
}

/**
 * The changes with each put as it will be: what would replace a newer revision, or change what is not there, is left out. The
 * messages that decide it are read first, so that the changes themselves need not wait for each other.
 */
async function resolveMessages(
  transaction: IDBTransaction,
  changes: readonly Change[],
): Promise<readonly PlainChange[]> {
  const held = new Map<string, Message>();
  await Promise.all(
    keysToRead(changes).map(async (key) => {
      const message = await resultOf(objectStore(transaction, "messages").get(key));
      if (message !== undefined) held.set(key.join(" "), message);
    }),
  );
  const put = (messages: readonly Message[]): PlainChange => ({
    kind: "put-messages",
    messages: messages.flatMap((message) => {
      const name = keyOf(message).join(" ");
      const before = held.get(name);
      const after = merged(before, message);
      held.set(name, after);
      return after === before ? [] : [after];
    }),
  });
  return changes.map((change) => {
    if (change.kind === "put-messages") return put(change.messages);
    if (change.kind === "change-messages")
      return put(change.messages.filter((message) => isLater(held.get(keyOf(message).join(" ")), message)));
    if (change.kind === "change-reactions") {
      const message = held.get(keyOf(change).join(" "));
      return put(message === undefined ? [] : [withReactions(message, change.reactions)]);
    }
    if (change.kind === "change-card-part") {
      const message = held.get(keyOf(change).join(" "));
      return put(message === undefined ? [] : [withCardPart(message, change.part)]);
    }
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
    for (const place of placesOf(change))
      if (!takers.some((taker) => isTaken(place, taker))) keys.push(keyOf(place));
  }
  return keys;
}

/** The messages that a change puts or changes. */
function placesOf(change: Change): readonly Place[] {
  if (change.kind === "put-messages" || change.kind === "change-messages") return change.messages;
  return change.kind === "change-reactions" || change.kind === "change-card-part" ? [change] : [];
}

function isTaken({ conversationId, sequence }: Place, change: Change): boolean {
  if (change.kind === "clear") return true;
  return (
    change.kind === "delete-messages" &&
    change.conversationId === conversationId &&
    change.first <= sequence &&
    sequence <= change.last
  );
}

function keyOf({ conversationId, sequence }: Place): MessageKey {
  return [conversationId, sequence];
}

function applyChange(transaction: IDBTransaction, change: PlainChange): unknown {
  const at = <N extends StoreName>(name: N) => objectStore(transaction, name);
  switch (change.kind) {
    case "clear":
      return STORES.map((name) => at(name).clear());
    case "owner":
      return at("state").put(change.owner, "owner");
    case "position":
      return at("state").put(change.position, "position");
    case "put-entry":
      return at("entries").put(change.entry, change.entry.conversationId);
    case "delete-entry":
      return at("entries").delete(change.conversationId);
    case "put-messages":
      return change.messages.map((message) => at("messages").put(message, keyOf(message)));
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
    case "looked":
      return at("looked").put(change.atMs, change.conversationId);
    case "leader":
      return at("state").put(change.leader, "leader");
    case "given":
      return at("state").put(change.clientMessageIds, "given");
  }
}

function abort(transaction: IDBTransaction): void {
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
