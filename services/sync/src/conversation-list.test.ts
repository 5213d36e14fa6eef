import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import {
  type ConversationId,
  type Init,
  type TenantId,
  type UserId,
  ConversationEntry,
  LIST_PAGE_MAX,
  PAGE_BYTES_MAX,
  TEXT_BYTES_MAX,
  encode,
  encodeFrame,
  textBody,
  AS_SENT,
} from "@parley/protocol";
import { MemoryTableStore, MemoryTables, WriteBackTables } from "@parley/tables";
import { listNewest, listPage } from "./conversation-list.js";
import { CONVERSATION_INBOX, userPartition } from "./user-tables.js";

const session = { tenantId: "acme" as TenantId, userId: "ann" as UserId };
const idOf = (index: number): ConversationId => `g:${String(index).padStart(5, "0")}` as ConversationId;
const idsUpTo = (count: number): readonly ConversationId[] =>
  Array.from({ length: count }, (_, i) => idOf(i));
const text = (bytes: number): Init<ConversationEntry> => ({
  lastMessage: {
    conversationId: idOf(0),
    sequence: 1,
    messageId: "" as never,
    senderId: "bob" as UserId,
    clientMessageId: "" as never,
    timeMs: 1,
    body: textBody("t".repeat(bytes)),
    isCountable: true,
    ...AS_SENT,
  },
});

class List {
  readonly tables: WriteBackTables;

  constructor(count: number, entry: Init<ConversationEntry> = {}) {
    const time = new ManualTime();
    this.tables = new WriteBackTables({
      tables: new MemoryTables(new MemoryTableStore(), time),
      clock: time,
      scheduler: time,
      onFailure: (failure) => {
        throw failure;
      },
    });
    for (let index = 0; index < count; index++) this.put({ ...entry, conversationId: idOf(index) });
  }

  put(entry: Init<ConversationEntry>): void {
    this.tables.stage({
      partition: userPartition(session.tenantId, session.userId),
      writes: [
        {
          kind: "put",
          table: CONVERSATION_INBOX,
          sort: [entry.conversationId!],
          value: encode(ConversationEntry, entry),
        },
      ],
    });
  }

  /** Page by page, as a client goes; `between` runs after each. */
  async walk(
    limit = 0,
    between: (page: number) => void = () => undefined,
  ): Promise<readonly (readonly ConversationEntry[])[]> {
    const pages: (readonly ConversationEntry[])[] = [];
    let cursor = "";
    do {
      const { entries, next } = await listPage(this.tables, session, { cursor, limit });
      pages.push(entries);
      cursor = next;
      between(pages.length);
    } while (cursor !== "");
    return pages;
  }
}

const idsOf = (pages: readonly (readonly ConversationEntry[])[]): readonly ConversationId[] =>
  pages.flat().map(({ conversationId }) => conversationId);

test("pages follow each other by id, each entry once, and the last one says so", async () => {
  const outcomes = [];
  for (const count of [0, 1, LIST_PAGE_MAX - 1, LIST_PAGE_MAX, LIST_PAGE_MAX + 1, LIST_PAGE_MAX * 2]) {
    const pages = await new List(count).walk();
    outcomes.push([pages.length, idsOf(pages)]);
  }
  assert.deepEqual(
    outcomes,
    [0, 1, LIST_PAGE_MAX - 1, LIST_PAGE_MAX, LIST_PAGE_MAX + 1, LIST_PAGE_MAX * 2].map((count) => [
      Math.max(1, Math.ceil(count / LIST_PAGE_MAX)),
      idsUpTo(count),
    ]),
  );
});

test("a limit is kept, and one beyond the largest is cut", async () => {
  const list = new List(LIST_PAGE_MAX + 50);
  const sizes = [];
  for (const limit of [100, 0, LIST_PAGE_MAX + 1, Number.MAX_SAFE_INTEGER])
    sizes.push((await list.walk(limit)).map(({ length }) => length));
  assert.deepEqual(sizes, [
    [100, 100, 50],
    [LIST_PAGE_MAX, 50],
    [LIST_PAGE_MAX, 50],
    [LIST_PAGE_MAX, 50],
  ]);
});

test("pages of the largest entries end before their bytes, and every entry comes once", async () => {
  const pages = await new List(LIST_PAGE_MAX, text(TEXT_BYTES_MAX)).walk();
  const tooLarge = pages.filter(
    (entries) => encodeFrame("conversationList", { entries }).length > PAGE_BYTES_MAX + LIST_PAGE_MAX * 4,
  );
  assert.deepEqual([idsOf(pages), tooLarge, pages.length], [idsUpTo(LIST_PAGE_MAX), [], LIST_PAGE_MAX / 5]);
});

test("what changes or appears while pages are fetched hides nothing that was there before", async () => {
  const list = new List(50, { updatedMs: 1 });
  const pages = await list.walk(10, (page) => {
    // An import brings old times, a message new ones; a new conversation sorts anywhere.
    list.put({ conversationId: idOf(49 - page), updatedMs: page % 2 === 0 ? 0 : 1000 });
    list.put({ conversationId: `g:0000${page}x` as ConversationId, updatedMs: 1000 });
  });
  const ids = idsOf(pages).filter((id) => !id.endsWith("x"));
  assert.deepEqual(ids, idsUpTo(50));
});

test("a cursor that is none is refused", async () => {
  const list = new List(1);
  const codes = await Promise.all(
    ["x", "1/2/g:team", "g:"].map((cursor) =>
      listPage(list.tables, session, { cursor, limit: 0 }).catch(failureCode),
    ),
  );
  assert.deepEqual(codes, ["bad-request", "bad-request", "bad-request"]);
});

const noTopics = { lastTimes: async () => [] };

test("the newest page has the entries with the newest messages, and says whether there are others", async () => {
  const list = new List(0);
  for (let index = 0; index < 2_500; index++)
    list.put({ conversationId: idOf(index), updatedMs: (index * 7919) % 2_503 });
  const page = await listNewest(list.tables, noTopics, session, 40);
  const times = page.entries.map(({ updatedMs }) => updatedMs);
  const all = Array.from({ length: 2_500 }, (_, index) => (index * 7919) % 2_503);
  assert.deepEqual([times, page.isPartial], [all.toSorted((one, other) => other - one).slice(0, 40), true]);
  const small = await listNewest(new List(3).tables, noTopics, session, 40);
  assert.deepEqual([small.entries.length, small.isPartial, small.next], [3, false, ""]);
});

test("a large group is as new as what was said in it, not as its row", async () => {
  const list = new List(0);
  list.put({ conversationId: idOf(1), updatedMs: 50 });
  list.put({ conversationId: idOf(2), updatedMs: 1, isShared: true, isMember: true });
  // Of one that one has left the row counts.
  list.put({ conversationId: idOf(3), updatedMs: 60, isShared: true, isMember: false });
  const topics = {
    lastTimes: async (_: string, ids: readonly ConversationId[]) =>
      ids.map((id) => (id === idOf(2) ? 55 : 99)),
  };
  const { entries } = await listNewest(list.tables, topics, session, 2);
  assert.deepEqual(idsOf([entries]), [idOf(3), idOf(2)]);
});

test("a newest page of the largest entries ends before its bytes", async () => {
  const page = await listNewest(new List(50, text(TEXT_BYTES_MAX)).tables, noTopics, session, 40);
  assert.ok(page.isPartial === true && page.entries.length > 0);
  assert.ok(encodeFrame("conversationList", page).length < PAGE_BYTES_MAX + LIST_PAGE_MAX * 4);
});
