// oxlint-disable-next-line import/no-unassigned-import -- Its import is what makes the browser's globals.
import "fake-indexeddb/auto";
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import {
  type ClientMessageId,
  type ConversationId,
  emptyEntry,
  filled,
  type Message,
  type MessageId,
  Message as MessageSchema,
  textBody,
} from "@parley/protocol";
import { openDB } from "idb";
import type { ClientStore, MessageRange, OutboxItem } from "../common/store.js";
import { INDEXED_DB_1, OLD_CONVERSATION, OLD_TEXTS, OLD_UNSENT } from "../testing/old-stores.js";
import { testClientStore } from "../testing/store-conformance.js";
import { createIndexedDbStore } from "./indexed-db-store.js";

testClientStore("IndexedDB store", { create: createIndexedDbStore });

/** The part of a database that is used here: tests are compiled without the types of browsers. */
interface RawDatabase {
  createObjectStore(name: string): unknown;
  put(store: string, value: unknown, key: unknown): Promise<unknown>;
  delete(store: string, key: unknown): Promise<void>;
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

const GROUP = "g:one" as ConversationId;

/** A database with some of everything, in which rows were replaced; undefined removes one. */
async function damagedStore(
  name: string,
  rows: readonly (readonly [store: string, key: unknown, row: unknown])[],
): Promise<ClientStore> {
  const store = createIndexedDbStore(name);
  await store.load();
  const item = (clientMessageId: string, order: number): OutboxItem => ({
    conversationId: GROUP,
    clientMessageId: clientMessageId as ClientMessageId,
    body: textBody(clientMessageId),
    createdMs: 5,
    order,
    number: order,
    failureCode: "",
  });
  await store.commit([
    { kind: "owner", owner: { userId: "self", deviceId: "device" } },
    { kind: "position", position: { epoch: 1, pts: 7 } },
    { kind: "put-entry", entry: { ...emptyEntry(GROUP), lastSequence: 3 } },
    { kind: "put-messages", messages: [1, 2, 3].map(messageAt) },
    { kind: "spans", conversationId: GROUP, spans: [{ first: 1, last: 3 }] },
    { kind: "put-outbox", item: item("a", 1) },
    { kind: "put-outbox", item: item("b", 2) },
    { kind: "next-number", conversationId: GROUP, number: 3 },
    { kind: "looked", conversationId: GROUP, atMs: 9 },
    { kind: "leader", leader: 4 },
    { kind: "given", clientMessageIds: ["x"] },
  ]);
  await store.close();
  const database = await openRaw(name, 2);
  for (const [of, key, row] of rows)
    await (row === undefined ? database.delete(of, key) : database.put(of, row, key));
  database.close();
  return store;
}

function messageAt(sequence: number): Message {
  const messageId = `m${sequence}` as MessageId;
  return filled(MessageSchema, { conversationId: GROUP, sequence, messageId, body: textBody(messageId) });
}

const NOT_A_POSITION = { epoch: 0, pts: 0 };

test("a state row that is damaged is removed, the rest stays, and the list is asked for anew", async () => {
  const damage: readonly (readonly [string, unknown])[] = [
    ["entries", GROUP],
    ["outbox", [GROUP, "a"]],
    ["numbers", GROUP],
    ["spans", GROUP],
    ["looked", GROUP],
    ["state", "position"],
    ["state", "leader"],
    ["state", "given"],
    ["state", "owner"],
  ];
  const left: unknown[] = [];
  for (const [index, [of, key]] of damage.entries()) {
    for (const row of [null, "garbled", -1, 7.5, { conversationId: 5, title: [] }]) {
      const store = await damagedStore(`damaged-${index}-${JSON.stringify(row)}`, [[of, key, row]]);
      const { entries, outbox, nextNumbers, spans, looked, ...state } = await store.load();
      left.push([
        entries.length,
        outbox.map(({ body }) => body.text?.text),
        [...nextNumbers.values()],
        spans.size,
        looked.size,
        state,
      ]);
      // What is removed is not found again.
      await store.commit([{ kind: "position", position: { epoch: 1, pts: 8 } }], state.leader);
      deepEqual((await store.load()).position, { epoch: 1, pts: 8 });
      await store.close();
    }
  }
  const whole = {
    owner: { userId: "self", deviceId: "device" },
    position: NOT_A_POSITION,
    leader: 4,
    given: ["x"],
  };
  const expected: readonly unknown[] = [
    // Nothing is held of what is not in the list.
    [0, ["a", "b"], [3], 0, 1, whole],
    [1, ["b"], [3], 1, 1, whole],
    [1, ["a", "b"], [], 1, 1, whole],
    [1, ["a", "b"], [3], 0, 1, whole],
    [1, ["a", "b"], [3], 1, 0, whole],
    [1, ["a", "b"], [3], 1, 1, whole],
    [1, ["a", "b"], [3], 1, 1, { ...whole, leader: 0 }],
    [1, ["a", "b"], [3], 1, 1, { ...whole, given: [] }],
    [1, ["a", "b"], [3], 1, 1, { ...whole, owner: undefined }],
  ];
  deepEqual(
    left,
    expected.flatMap((one) => Array.from({ length: 5 }, () => one)),
  );
});

test("a conversation that is held and not in the list makes the list be asked for anew", async () => {
  const store = await damagedStore("unlisted", [["entries", GROUP, undefined]]);
  const { position, spans, outbox } = await store.load();
  await store.close();
  deepEqual([position, spans.size, outbox.length], [NOT_A_POSITION, 0, 2]);
});

test("a row that is no message is left out and told, and whatever comes replaces it", async () => {
  const rows: readonly unknown[] = [
    null,
    "garbled",
    {},
    { ...messageAt(2), sequence: 9 },
    { ...messageAt(2), conversationId: "g:two" },
    { ...messageAt(2), senderId: 5 },
    { ...messageAt(2), body: { text: { text: [] } } },
    { ...messageAt(2), audience: "all" },
  ];
  for (const [index, row] of rows.entries()) {
    const store = await damagedStore(`no-message-${index}`, [["messages", [GROUP, 2], row]]);
    await store.load();
    const told: unknown[] = [];
    store.onDamage = (...where) => void told.push(where);
    const sequences = async (range: MessageRange): Promise<readonly number[]> =>
      (await store.readMessages(GROUP, range)).map(({ sequence }) => sequence);
    const found = [
      await sequences({ first: 1, last: 3 }),
      await sequences({ first: 1, last: 3, newest: 2 }),
      await sequences({ first: 3, last: 3 }),
    ];
    await store.commit([{ kind: "put-messages", messages: [messageAt(2)] }]);
    found.push(await sequences({ first: 1, last: 3 }));
    await store.close();
    deepEqual(
      [found, told],
      [
        [[1, 3], [3], [3], [1, 2, 3]],
        [
          [GROUP, { first: 1, last: 3 }],
          [GROUP, { first: 2, last: 3 }],
        ],
      ],
    );
  }
});
