/** Finding people: what a list of names that is gone through says, the index says too. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { PeopleAmong } from "@parley/contracts";
import { type UserId, FOUND_PEOPLE_MAX, PEOPLE_TEXT_BYTES_MAX, foldName, personRank } from "@parley/protocol";
import { type RangeQuery, type Row, MemoryTableStore } from "@parley/tables";
import fc from "fast-check";
import { PeopleFinder, PEOPLE_LOOKED_AT_MAX } from "./people-search.js";
import { ACCOUNT } from "./account-rows.js";
import { AccountBench, HeldTables, OTHER, TENANT } from "./testing/account-bench.js";

const PEOPLE: readonly (readonly [string, string])[] = [
  ["u1", "Ada King Lovelace"],
  ["u2", "Åsa Öberg"],
  ["u3", "陈晓雯"],
  ["u4", "Lovisa Ek"],
  ["ada", "Bob Adams"],
  ["u5", "Kai Ada"],
  ["Ann-2", "Zed"],
];

async function benchWith(people: typeof PEOPLE = PEOPLE): Promise<AccountBench> {
  const bench = new AccountBench();
  const users = people.map(([userId, name]) => ({ userId: userId as UserId, name }));
  await bench.accounts.addUsers(TENANT, users);
  return bench;
}

async function find(bench: AccountBench, text: string, limit = 0, among?: PeopleAmong): Promise<string[]> {
  const found = await bench.accounts.findPeople(TENANT, { text, limit, among });
  return found.map(({ userId }) => userId);
}

/** The members of a group that is too large to be gone through. */
function largeGroup(members: ReadonlySet<string>, asked: number[] = []): PeopleAmong {
  return {
    all: undefined,
    has: (userIds) => {
      asked.push(userIds.length);
      return Promise.resolve(userIds.map((userId) => members.has(userId)));
    },
  };
}

test("people are found by any word of their name and by their id, the best first", async () => {
  const bench = await benchWith();
  const texts = ["ada", "lov", "KING L", "oberg", "ÅSA", "晓", "雯", "u", "x", "…", "ann", "ann-2", ""];
  deepEqual(await Promise.all(texts.map((text) => find(bench, text))), [
    ["ada", "u1", "u5"],
    ["u4", "u1"],
    ["u1"],
    ["u2"],
    ["u2"],
    ["u3"],
    ["u3"],
    ["u1", "u2", "u3", "u4", "u5"],
    [],
    [],
    ["Ann-2"],
    ["Ann-2"],
    ["u1", "u2", "ada", "u5", "u4", "Ann-2", "u3"],
  ]);
});

test("a person who is added, or called otherwise, is found at once", async () => {
  const bench = await benchWith();
  const before = await find(bench, "zoe");
  await bench.accounts.addUser({ tenantId: TENANT, userId: "u9" as UserId, name: "Zoë Ek" });
  await bench.accounts.setDetails(TENANT, "u1" as UserId, { name: "Zoe Byron" });
  deepEqual(
    [before, await find(bench, "zoe"), await find(bench, "lovelace"), await find(bench, "byron")],
    [[], ["u1", "u9"], [], ["u1"]],
  );
});

test("nobody of another organisation is found", async () => {
  const bench = await benchWith();
  await bench.addUser("eve", undefined, OTHER);
  deepEqual([await find(bench, "eve"), await find(bench, "ada", 1)], [[], ["ada"]]);
});

test("a person who is called otherwise while the names are read is found by the new one", async () => {
  class SlowTables extends HeldTables {
    hold: Promise<void> = Promise.resolve();
    override async range(query: RangeQuery): Promise<readonly Row[]> {
      const rows = await super.range(query);
      if (query.table === ACCOUNT) await this.hold;
      return rows;
    }
  }
  const source = await benchWith();
  const tables = new SlowTables(new MemoryTableStore(), source.time);
  const rows = await source.tables.range({ table: ACCOUNT, partition: [TENANT], limit: 100 });
  const writes = rows.map(({ sort, value }) => ({ kind: "put" as const, table: ACCOUNT, sort, value }));
  await tables.write([{ partition: [TENANT], writes }], { isDurable: true });
  let release = (): void => undefined;
  tables.hold = new Promise((resolve) => (release = resolve));
  const finder = new PeopleFinder(tables);
  const search = (text: string): Promise<readonly UserId[]> =>
    finder.find(TENANT, { text, limit: 0, among: undefined });
  const early = search("byron");
  finder.note(TENANT, "u1" as UserId, { name: "Ada Byron", department: "" });
  release();
  deepEqual([await early, await search("lovelace")], [["u1"], []]);
});

test("the members of a small group are gone through, and those of a large one asked about in batches", async () => {
  const people = Array.from({ length: 3_000 }, (_, index): [string, string] => [
    `p${index + 1_000}`,
    "Ann Lee",
  ]);
  const bench = await benchWith([...people, ["last", "Ann Zhu"]]);
  const asked: number[] = [];
  const members = new Set(["p1700", "last"]);
  const all = [...members, "gone"] as UserId[];
  deepEqual(
    [
      await find(bench, "ann", 0, { all, has: () => Promise.resolve([]) }),
      await find(bench, "ann", 0, largeGroup(members, asked)),
      await find(bench, "ann z", 0, largeGroup(members)),
      await find(bench, "ann", 1, largeGroup(members)),
    ],
    [["p1700", "last"], ["p1700"], ["last"], ["p1700"]],
  );
  deepEqual([asked.length, asked.reduce((sum, count) => sum + count)], [10, PEOPLE_LOOKED_AT_MAX]);
});

test("no more are found than one search may, and too long a text is refused", async () => {
  const people = Array.from({ length: 60 }, (_, index): [string, string] => [`p${index}`, "Ann"]);
  const bench = await benchWith(people);
  deepEqual((await find(bench, "ann", 1_000)).length, FOUND_PEOPLE_MAX);
  await rejects(find(bench, "a".repeat(PEOPLE_TEXT_BYTES_MAX + 1)), { code: "bad-request" });
});

test("the index finds whom a look at every name finds", async () => {
  const word = fc.constantFrom("ann", "Anna", "Bo", "陈", "雯", "é", "li");
  const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
  const id = fc.stringMatching(/^[a-cA-]{1,3}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(id, name), { maxLength: 12 }),
      fc.oneof(word, name, id, fc.constant("")),
      async (people, text) => {
        const bench = new AccountBench();
        const names = new Map<string, string>();
        await find(bench, "a");
        for (const [userId, each] of people) {
          const isNew = !names.has(userId);
          names.set(userId, each);
          if (isNew) await bench.accounts.addUser({ tenantId: TENANT, userId: userId as UserId, name: each });
          else await bench.accounts.setDetails(TENANT, userId as UserId, { name: each });
        }
        const folded = foldName(text);
        const rank = (userId: string): number =>
          personRank({ userId, name: names.get(userId)! }, folded) ?? 9;
        const isNothing = folded === "" && text !== "";
        const fitting = [...names.keys()].filter((userId) => rank(userId) < 9 && !isNothing);
        const found = await find(bench, text);
        const all = [...names.keys()] as UserId[];
        const among = await find(bench, text, 0, { all, has: () => Promise.resolve([]) });
        deepEqual([found.toSorted(), among], [fitting.toSorted(), found]);
        const ranks = found.map(rank);
        deepEqual(
          ranks,
          ranks.toSorted((one, other) => one - other),
        );
      },
    ),
    { numRuns: 200 },
  );
});
