/**
 * A store in IndexedDB. A commit is one transaction over all stores, so it is there whole or not at all, and the browser
 * runs such transactions in the order they were begun. What is in it: `indexed-db-schema.ts`.
 */
import { Failure } from "@parley/base";
import type { ConversationEntry, ConversationId, Message } from "@parley/protocol";
import { isLater, merged, withCardPart, withReactions } from "../common/message-revision.js";
import {
  type Change,
  type ClientStore,
  leadLost,
  type MessageRange,
  type OutboxItem,
  type Span,
  type StoreState,
  storeIsNewer,
} from "../common/store.js";
import { endOf, openDatabase, resultOf } from "./indexed-db.js";
import { migrate, objectStore, SCHEMA_VERSION, type StoreName, STORES } from "./indexed-db-schema.js";
import { isSoundMessage, ROWS } from "./sound-rows.js";

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
  onDamage?: (conversationId: ConversationId, span: Span) => void;

  constructor(name: string) {
    this.#name = name;
  }

  async load(isLeading = false): Promise<StoreState> {
    this.#database ??= await this.#open();
    return readState(this.#database.transaction([...STORES], "readwrite"), isLeading);
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
    if (range.newest === undefined)
      return this.#sound(conversationId, range, await resultOf(stored.getAll(keys)));
    const messages: Message[] = [];
    const request = stored.openCursor(keys, "prev");
    let { first } = range;
    for (let cursor = await resultOf(request); cursor !== null && messages.length < range.newest;) {
      messages.push(cursor.value as Message);
      [, first] = cursor.key as MessageKey;
      cursor.continue();
      cursor = await resultOf(request);
    }
    return this.#sound(conversationId, { first, last: range.last }, messages.toReversed());
  }

  /** The rows that are messages of this range; tells when there are others. */
  #sound(conversationId: ConversationId, range: Span, rows: readonly Message[]): readonly Message[] {
    let before = range.first - 1;
    const sound = rows.filter((row) => {
      const isSound =
        isSoundMessage(row, conversationId) && row.sequence > before && row.sequence <= range.last;
      if (isSound) before = row.sequence;
      return isSound;
    });
    if (sound.length < rows.length) this.onDamage?.(conversationId, range);
    return sound;
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

/**
 * Everything but the messages; what is damaged is removed, and with it the position: the device is told the list anew, and what it
 * holds is compared with the server. Nobody commits meanwhile: another tab may have the store in use.
 */
async function readState(transaction: IDBTransaction, isLeading: boolean): Promise<StoreState> {
  const ended = endOf(transaction);
  const damaged: [keyof typeof ROWS, IDBValidKey][] = [];
  const rowsOf = async <T>(name: keyof typeof ROWS): Promise<Map<ConversationId, T>> => {
    const store = transaction.objectStore(name);
    const asked = Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll())]);
    // Keys are names, or pairs of them.
    const [keys, rows] = (await asked) as [(string | string[])[], unknown[]];
    const sound = new Map<ConversationId, T>();
    for (const [index, key] of keys.entries()) {
      const joined = String(key) as ConversationId;
      if (ROWS[name](rows[index], joined)) sound.set(joined, rows[index] as T);
      else damaged.push([name, key]);
    }
    return sound;
  };
  const [named, entries, outbox, nextNumbers, spans, looked] = await Promise.all([
    rowsOf("state"),
    rowsOf<ConversationEntry>("entries"),
    rowsOf<OutboxItem>("outbox"),
    rowsOf<number>("numbers"),
    rowsOf<readonly Span[]>("spans"),
    rowsOf<number>("looked"),
  ]);
  for (const [key, held] of spans) {
    if (entries.has(key) || held.length === 0) continue;
    damaged.push(["spans", key]);
    spans.delete(key);
  }
  const state = Object.fromEntries(named) as { -readonly [K in keyof StoreState]?: StoreState[K] };
  if (damaged.length > 0) {
    damaged.push(["state", "position"]);
    delete state.position;
  }
  for (const [name, key] of damaged) transaction.objectStore(name).delete(key);
  if (isLeading) {
    state.leader = (state.leader ?? 0) + 1;
    objectStore(transaction, "state").put(state.leader, "leader");
  }
  await ended;
  return {
    position: { epoch: 0, pts: 0 },
    leader: 0,
    given: [],
    owner: undefined,
    ...state,
    entries: [...entries.values()],
    outbox: [...outbox.values()].toSorted((one, other) => one.order - other.order),
    nextNumbers,
    spans,
    looked,
  };
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
    runsOf(keysToRead(changes)).map(async ({ conversationId, first, last }) => {
      const range = IDBKeyRange.bound([conversationId, first], [conversationId, last]);
      const rows: unknown[] = await resultOf(objectStore(transaction, "messages").getAll(range));
      // New messages, mostly.
      if (rows.length === 0) return;
      const keys = await resultOf(objectStore(transaction, "messages").getAllKeys(range));
      for (const [index, message] of rows.entries())
        // What is damaged is replaced by whatever comes.
        if (isSoundMessage(message, conversationId)) held.set(keys[index]!.join(" "), message);
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

/** Neighbours are read together: what comes in a flood is one run, and none of it is there. */
function runsOf(
  keys: readonly MessageKey[],
): readonly (Span & { readonly conversationId: ConversationId })[] {
  const runs: { conversationId: ConversationId; first: number; last: number }[] = [];
  for (const [conversationId, sequence] of keys) {
    const run = runs.at(-1);
    if (run?.conversationId === conversationId && run.last + 1 === sequence) run.last = sequence;
    else runs.push({ conversationId, first: sequence, last: sequence });
  }
  return runs;
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
