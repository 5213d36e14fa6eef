import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Clock, failureCode } from "@parley/base";
import { silentLogger, systemScheduler } from "@parley/base/node";
import { seededRandom } from "@parley/base/testing";
import type { Keyring } from "@parley/keys";
import { MemoryKeyFiles, openTestKeyring } from "@parley/keys/testing";
import { BlockTables } from "../blocks/block-tables.js";
import { encodePartition, encodeTuple } from "../key-encoding.js";
import { openIndexedTables } from "../indexed/indexed-tables.js";
import { LazyPut } from "../lazy-put.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import type { Key, TableSpec, Tables } from "../tables.js";
import { tableConformance } from "../testing/conformance.js";
import { ManualClock } from "../testing/manual-time.js";
import { SealedTables } from "./sealed-tables.js";

const ROWS: TableSpec = { name: "rows" };
const TALK: TableSpec = { name: "talk", keyOwner: "conversation" };
const HISTORY: TableSpec = { name: "history", keyOwner: "conversation", isPacked: true };
const INBOX: TableSpec = { name: "inbox", keyOwner: "conversation-in-sort" };
const PLACE: TableSpec = { name: "place", keyOwner: "installation" };
const TYPING: TableSpec = { name: "typing", hasExpiry: true };
const ENTRIES: TableSpec = { name: "entries", keyOwner: "conversation", isKeysOnly: true };
const DURABLE = { isDurable: true };

async function openOver(store: MemoryTableStore, files: MemoryKeyFiles, clock: Clock): Promise<SealedTables> {
  const keyring = await openTestKeyring({ files, clock, random: seededRandom(files.content.size + 1) });
  return new SealedTables({ tables: new MemoryTables(store, clock), keyring, scheduler: systemScheduler });
}

tableConformance("sealed", async (clock) => {
  const store = new MemoryTableStore();
  const files = new MemoryKeyFiles();
  let tables = await openOver(store, files, clock);
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = await openOver(store, files, clock);
      return tables;
    },
    async crash() {
      store.crash();
      tables = await openOver(store, files, clock);
      return tables;
    },
    remove: () => tables.close(),
  };
});

interface Bench {
  readonly store: MemoryTableStore;
  readonly engine: Tables;
  readonly tables: SealedTables;
  readonly keyring: Keyring;
  readonly clock: ManualClock;
}

async function bench(): Promise<Bench> {
  const clock = new ManualClock();
  const store = new MemoryTableStore();
  const engine = new MemoryTables(store, clock);
  const keyring = await openTestKeyring({ files: new MemoryKeyFiles(), clock, random: seededRandom(1) });
  const tables = new SealedTables({ tables: engine, keyring, scheduler: systemScheduler });
  return { store, engine, tables, keyring, clock };
}

type Place = readonly [TableSpec, Key, Key];

async function put(tables: Tables, [table, partition, sort]: Place, text: string): Promise<void> {
  const value = new TextEncoder().encode(text);
  await tables.write([{ partition, writes: [{ kind: "put", table, sort, value }] }], DURABLE);
}

async function read(
  tables: Tables,
  table: TableSpec,
  partition: Key,
  sort: Key,
): Promise<string | undefined> {
  const value = await tables.find(table, partition, sort);
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

test("the engine gets no value in plain, and each owner's row another key", async () => {
  const { engine, tables, keyring } = await bench();
  const rows: readonly Place[] = [
    [ROWS, ["main", "ann"], [1]],
    [TALK, ["main", "g:1"], []],
    [INBOX, ["main", "ann"], ["g:1", 5]],
    [PLACE, ["00ff"], []],
    [ROWS, ["acme"], []],
  ];
  const heads: unknown[] = [];
  for (const [table, partition, sort] of rows) {
    await put(tables, [table, partition, sort], "canary");
    const sealed = (await engine.find(table, partition, sort))!;
    equal(Buffer.from(sealed).includes("canary"), false);
    equal(await read(tables, table, partition, sort), "canary");
    heads.push([sealed[0], keyring.state.dataKeys.get(sealed[4]!)?.tenant]);
  }
  deepEqual(heads, [
    [1, "main"],
    [2, "main"],
    [2, "main"],
    [1, ""],
    [1, "acme"],
  ]);
});

test("a row in the place of another one is damage, in the same partition too", async () => {
  const { store, tables } = await bench();
  await put(tables, [TALK, ["main", "g:1"], [1]], "one");
  await put(tables, [TALK, ["main", "g:1"], [2]], "two");
  const partition = encodePartition(TALK, ["main", "g:1"]);
  const rows = store.rows(partition)!;
  store.write({ partition, sort: encodeTuple([2]) }, rows.get(encodeTuple([1])), true);
  equal(await read(tables, TALK, ["main", "g:1"], [1]), "one");
  equal(await tables.find(TALK, ["main", "g:1"], [2]).catch(failureCode), "tables-corrupt");
  const range = tables.range({ table: TALK, partition: ["main", "g:1"], limit: 9 });
  equal(await range.catch(failureCode), "tables-corrupt");
});

test("every flipped bit of a sealed row is damage or a missing key", async () => {
  const { store, tables } = await bench();
  await put(tables, [ROWS, ["main"], [1]], "text");
  const place = { partition: encodePartition(ROWS, ["main"]), sort: encodeTuple([1]) };
  const sealed = store.rows(place.partition)!.get(place.sort)!;
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const damaged = Uint8Array.from(sealed);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    store.write(place, damaged, true);
    const code = await tables.find(ROWS, ["main"], [1]).catch(failureCode);
    equal(code, bit >= 8 && bit < 40 ? "key-missing" : "tables-corrupt", `bit ${bit}`);
  }
});

test("the rows of a destroyed conversation are not there, and those around them are", async () => {
  const { tables, keyring } = await bench();
  for (const id of ["g:1", "g:2", "g:3"]) {
    await put(tables, [TALK, ["main", id], [1]], id);
    for (const sequence of [1, 2]) await put(tables, [INBOX, ["main", "ann"], [id, sequence]], id);
  }
  await keyring.shredConversation("main", "g:2");
  const partition = ["main", "ann"];
  const ids = async (isDescending: boolean, limit: number): Promise<unknown> =>
    (await tables.range({ table: INBOX, partition, isDescending, limit })).map(({ sort }) => sort[0]);
  deepEqual(await ids(false, 4), ["g:1", "g:1", "g:3", "g:3"]);
  deepEqual(await ids(false, 3), ["g:1", "g:1", "g:3"]);
  deepEqual(await ids(true, 3), ["g:3", "g:3", "g:1"]);
  deepEqual(await ids(true, 9), ["g:3", "g:3", "g:1", "g:1"]);
  const keys = ["g:1", "g:2", "g:3"].map((id) => ({ partition: ["main", id], sort: [1] }));
  deepEqual(
    (await tables.findMany(TALK, keys)).map((value) => value?.length),
    [3, undefined, 3],
  );
  equal(await read(tables, TALK, ["main", "g:2"], [1]), undefined);
  await put(tables, [TALK, ["main", "g:2"], [1]], "again");
  equal(await read(tables, TALK, ["main", "g:2"], [1]), "again");
});

test("the rows of a destroyed tenant are not there", async () => {
  const { tables, keyring } = await bench();
  await put(tables, [ROWS, ["main"], [1]], "a");
  await put(tables, [TALK, ["main", "g:1"], [1]], "a");
  await put(tables, [ROWS, ["acme"], [1]], "b");
  await keyring.shredTenant("main");
  deepEqual(
    [
      await read(tables, ROWS, ["main"], [1]),
      await read(tables, TALK, ["main", "g:1"], [1]),
      await read(tables, ROWS, ["acme"], [1]),
    ],
    [undefined, undefined, "b"],
  );
});

test("blocks are sealed by the owner of their rows and go with it", async () => {
  const { tables, keyring, clock } = await bench();
  const blocks = new BlockTables({ tables, clock, scheduler: systemScheduler, logger: silentLogger });
  const partition = ["main", "g:1"];
  const writes = Array.from({ length: 40 }, (_, index) => ({
    kind: "put" as const,
    table: HISTORY,
    sort: [index + 1],
    value: new TextEncoder().encode(`message ${index}`),
    isNew: true,
  }));
  await blocks.write([{ partition, writes }], DURABLE);
  equal(blocks.stats.blocks, 1);
  equal((await blocks.range({ table: HISTORY, partition, limit: 100 })).length, 40);
  await keyring.shredConversation("main", "g:1");
  deepEqual(await blocks.range({ table: HISTORY, partition, limit: 100 }), []);
});

test("rows without values are not sealed, and go with the key of their owner", async () => {
  const { engine, tables, keyring } = await bench();
  // As they were stored before the table was declared to have no values.
  await put(tables, [{ ...ENTRIES, isKeysOnly: false }, ["main", "g:1"], ["old"]], "");
  const found = async (id: string): Promise<unknown> => {
    const rows = await tables.range({ table: ENTRIES, partition: ["main", id], limit: 9 });
    return rows.map(({ sort, value }) => [sort[0], value.length]);
  };
  for (const id of ["g:1", "g:2"]) await put(tables, [ENTRIES, ["main", id], ["new"]], "");
  deepEqual(
    [(await engine.find(ENTRIES, ["main", "g:1"], ["new"]))?.length, await found("g:1")],
    [
      5,
      [
        ["new", 0],
        ["old", 0],
      ],
    ],
  );
  await keyring.shredConversation("main", "g:1");
  deepEqual([await found("g:1"), await found("g:2")], [[], [["new", 0]]]);
  // What is begun again under the same name has its own rows only.
  await put(tables, [ENTRIES, ["main", "g:1"], ["again"]], "");
  deepEqual(await found("g:1"), [["again", 0]]);
  deepEqual(
    (await tables.scanTable({ table: ENTRIES, limit: 9 })).map(({ sort }) => sort[0]),
    ["again", "new"],
  );
  await keyring.shredTenant("main");
  deepEqual([await found("g:1"), await found("g:2")], [[], []]);
});

test("a value in a table without values is refused, and a bond in another one is damage", async () => {
  const { engine, tables } = await bench();
  await rejects(put(tables, [ENTRIES, ["main", "g:1"], ["x"]], "x"), /the rows of entries have no values/);
  await put(tables, [ENTRIES, ["main", "g:1"], ["x"]], "");
  const value = (await engine.find(ENTRIES, ["main", "g:1"], ["x"]))!;
  const write = { kind: "put" as const, table: TALK, sort: ["x"], value };
  await engine.write([{ partition: ["main", "g:1"], writes: [write] }], DURABLE);
  equal(await tables.find(TALK, ["main", "g:1"], ["x"]).catch(failureCode), "tables-corrupt");
});

test("every flipped bit of a row without a value is damage or a missing key", async () => {
  const { store, tables } = await bench();
  await put(tables, [ENTRIES, ["main", "g:1"], [1]], "");
  const place = { partition: encodePartition(ENTRIES, ["main", "g:1"]), sort: encodeTuple([1]) };
  const stored = store.rows(place.partition)!.get(place.sort)!;
  for (let bit = 0; bit < stored.length * 8; bit++) {
    const damaged = Uint8Array.from(stored);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    store.write(place, damaged, true);
    const code = await tables.find(ENTRIES, ["main", "g:1"], [1]).catch(failureCode);
    equal(code, bit >= 8 ? "key-missing" : "tables-corrupt", `bit ${bit}`);
  }
});

test("an expiry is seen by the engine without a key", async () => {
  const { engine, tables, clock } = await bench();
  const expiresAtMs = clock.nowMs() + 10;
  const value = new Uint8Array([1]);
  const write = { kind: "put" as const, table: TYPING, sort: [1], value, expiresAtMs };
  await tables.write([{ partition: ["main"], writes: [write] }], DURABLE);
  equal((await tables.find(TYPING, ["main"], [1]))?.length, 1);
  clock.advance(10);
  equal(await engine.find(TYPING, ["main"], [1]), undefined);
});

test("a value that is computed when it is read is computed once, and a large flush lets others run", async () => {
  const { tables } = await bench();
  let encoded = 0;
  const writes = Array.from(
    { length: 2_000 },
    (_, index) =>
      new LazyPut(ROWS, [index], 8, () => {
        encoded += 1;
        return new Uint8Array(8);
      }),
  );
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (turns < 1_000) setImmediate(count);
  };
  setImmediate(count);
  await tables.write([{ partition: ["main"], writes }], DURABLE);
  equal(encoded, 2_000);
  equal(turns >= 3, true);
});

test("a flush that meets tenants without a key makes one for each", async () => {
  const { tables, keyring } = await bench();
  const batches = Array.from({ length: 20 }, (_, index) => ({
    partition: [`t${index % 5}`],
    writes: [{ kind: "put" as const, table: ROWS, sort: [index], value: new Uint8Array(1) }],
  }));
  await tables.write(batches, DURABLE);
  equal(keyring.state.dataKeys.size, 5);
});

test("the states of indexes belong to the installation, and entries go with the owner of their rows", async () => {
  const { tables, keyring, clock } = await bench();
  const table: TableSpec = {
    ...TALK,
    indexes: [{ name: "first", version: 1, keyParts: 1, entriesOf: ({ value }) => [{ key: [value[0]!] }] }],
  };
  const scheduler = systemScheduler;
  const indexed = await openIndexedTables({ tables, declared: [table], clock, scheduler });
  await put(indexed, [table, ["main", "g:1"], [1]], "abc");
  const query = { table, index: "first", partition: ["main", "g:1"], limit: 9 };
  equal((await indexed.queryIndex(query)).length, 1);
  deepEqual([...keyring.state.tenants.keys()].toSorted(), ["", "main"]);
  await keyring.shredConversation("main", "g:1");
  equal((await indexed.queryIndex(query)).length, 0);
});

test("an index whose entries were sealed before goes on without values, is right, and is dropped whole", async () => {
  const { engine, tables, keyring, clock } = await bench();
  const first = { name: "first", version: 1, keyParts: 1 };
  const entriesOf = ({ value }: { readonly value: Uint8Array }) => [{ key: [value[0]!] }];
  const openWith = (isKeysOnly: boolean) => {
    const table: TableSpec = { ...TALK, indexes: [{ ...first, isKeysOnly, entriesOf }] };
    return openIndexedTables({ tables, declared: [table], clock, scheduler: systemScheduler });
  };
  const table: TableSpec = { ...TALK, indexes: [{ ...first, isKeysOnly: true, entriesOf }] };
  const before = await openWith(false);
  for (const id of ["g:1", "g:2"]) await put(before, [TALK, ["main", id], [1]], "abc");
  const after = await openWith(true);
  for (const id of ["g:1", "g:2"]) await put(after, [TALK, ["main", id], [2]], "abc");
  const entries: TableSpec = { name: "talk-by-first-1" };
  const sizes = async (): Promise<unknown> =>
    (await engine.scanTable({ table: entries, limit: 9 })).map(({ value }) => value.length);
  const found = async (id: string): Promise<unknown> => {
    const query = { table, index: "first", partition: ["main", id], limit: 9 };
    return (await after.queryIndex(query)).map(({ sort }) => sort[0]);
  };
  deepEqual(
    [await sizes(), await found("g:1")],
    [
      [33, 5, 33, 5],
      [1, 2],
    ],
  );
  await keyring.shredConversation("main", "g:1");
  deepEqual([await found("g:1"), await found("g:2")], [[], [1, 2]]);
  const {
    rows,
    entries: seen,
    missing,
    extra,
    different,
  } = await after.verifyIndex({ table: "talk", index: "first" });
  deepEqual([rows, seen, missing, extra, different], [2, 2, 0, 0, 0]);
  // Whoever declares it otherwise again finds it all the same when it goes.
  const last = await openWith(false);
  await last.dropIndex({ table: "talk", index: "first" });
  // What is shredded is not there for anybody, so nobody removes it either.
  deepEqual(await sizes(), [33, 5]);
});
