// oxlint-disable-next-line import/no-unassigned-import -- Its import is what makes the browser's globals.
import "fake-indexeddb/auto";
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { openDB } from "idb";
import { INDEXED_DB_1, OLD_CONVERSATION, OLD_TEXTS, OLD_UNSENT } from "../testing/old-stores.js";
import { testClientStore } from "../testing/store-conformance.js";
import { createIndexedDbStore } from "./indexed-db-store.js";

testClientStore("IndexedDB store", { create: createIndexedDbStore });

/** The part of a database that is used here: tests are compiled without the types of browsers. */
interface RawDatabase {
  createObjectStore(name: string): unknown;
  put(store: string, value: unknown, key: unknown): Promise<unknown>;
  count(store: string): Promise<number>;
  close(): void;
}
interface RawTransaction {
  readonly done: Promise<void>;
  abort(): void;
}
const openRaw = openDB as unknown as (
  name: string,
  version: number,
  options?: {
    upgrade(database: RawDatabase, from: number, to: number, transaction: RawTransaction): void;
  },
) => Promise<RawDatabase>;

/** A database as version 1 left it. */
async function makeVersion1(name: string): Promise<void> {
  const database = await openRaw(name, 1, {
    upgrade(upgraded) {
      for (const store of new Set(INDEXED_DB_1.map(([of]) => of))) upgraded.createObjectStore(store);
    },
  });
  for (const [store, key, value] of INDEXED_DB_1) await database.put(store, value, key);
  database.close();
}

async function contentOf(name: string): Promise<unknown> {
  const store = createIndexedDbStore(name);
  const { position, outbox, spans, looked } = await store.load();
  const messages = await store.readMessages(OLD_CONVERSATION, { first: 1, last: 9 });
  await store.close();
  const texts = messages.map(({ body }) => body?.text?.text);
  return [position, outbox.map(({ body, number }) => [body.text?.text, number]), [...spans], texts, looked];
}

const OLD_CONTENT = [
  { epoch: 3, pts: 14 },
  [[OLD_UNSENT, 1]],
  [[OLD_CONVERSATION, [{ first: 1, last: 2 }]]],
  [...OLD_TEXTS],
  new Map(),
];

test("a database of version 1 is brought to this version with all that is in it", async () => {
  await makeVersion1("from-1");
  deepEqual([await contentOf("from-1"), await contentOf("from-1")], [OLD_CONTENT, OLD_CONTENT]);
});

test("a migration that is interrupted leaves version 1, and the next opening does it", async () => {
  await makeVersion1("interrupted");
  const interrupted = openRaw("interrupted", 2, {
    upgrade(database, _from, _to, transaction) {
      database.createObjectStore("looked");
      transaction.done.catch(() => undefined);
      transaction.abort();
    },
  });
  await rejects(interrupted);
  deepEqual(await contentOf("interrupted"), OLD_CONTENT);
});

test("a database of a newer version is refused and stays as it is", async () => {
  await makeVersion1("newer");
  (await openRaw("newer", 99)).close();
  await rejects(createIndexedDbStore("newer").load(), {
    code: "unavailable",
    details: { found: 99, known: 2 },
  });
  const database = await openRaw("newer", 99);
  const unsent = await database.count("outbox");
  database.close();
  deepEqual(unsent, 1);
});
