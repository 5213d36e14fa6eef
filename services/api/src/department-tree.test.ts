/** The directory: what a look at every account says, the tree says too. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import {
  type TenantId,
  type UserId,
  DEPARTMENT_BYTES_MAX,
  DEPARTMENT_PAGE_MAX,
  DEPARTMENTS_LISTED_MAX,
} from "@parley/protocol";
import fc from "fast-check";
import { AccountBench, OTHER, TENANT } from "./testing/account-bench.js";

class Directory extends AccountBench {
  async put(userId: string, name: string, department = "", tenantId: TenantId = TENANT): Promise<void> {
    await this.accounts.addUsers(tenantId, [{ userId: userId as UserId, name }]);
    await this.accounts.setDetails(tenantId, userId as UserId, { name, department });
  }

  /** "Name:count ... | ids next". */
  async look(path: string, after = "", limit = 0, tenantId: TenantId = TENANT): Promise<string> {
    const page = await this.accounts.listDepartment(tenantId, { path, after, limit });
    const departments = page.departments.map(({ name, memberCount }) => `${name}:${memberCount}`);
    return [...departments, "|", ...page.users.map(({ userId }) => userId), `>${page.next}`].join(" ");
  }
}

test("departments have those right below them, counted with all below, and their own people by name", async () => {
  const directory = new Directory();
  await directory.put("u1", "Zoë Ek", "Engineering/Platform");
  await directory.put("u2", "Åsa Ek", "Engineering/Platform");
  await directory.put("u3", "Bo Ek", "Engineering / Platform / Storage");
  await directory.put("u4", "Bo Ek", "engineering");
  await directory.put("u5", "Cy Ek", "Engineering");
  await directory.put("u7", "Di");
  await directory.put("u6", "Di");
  const paths = [
    "",
    "Engineering",
    " Engineering / Platform ",
    "Engineering/Platform/Storage",
    "Sales",
    "Platform",
  ];
  deepEqual(await Promise.all(paths.map((path) => directory.look(path))), [
    "Engineering:4 engineering:1 | u6 u7 >",
    "Platform:3 | u5 >",
    "Storage:1 | u2 u1 >",
    "| u3 >",
    "| >",
    "| >",
  ]);
});

test("a move is seen at once, and with the last of its people a department is gone", async () => {
  const directory = new Directory();
  await directory.put("u1", "Ada", "A/B/C");
  await directory.put("u2", "Bo", "A");
  const before = [await directory.look(""), await directory.look("A")];
  await directory.put("u1", "Ada", "D");
  const after = [await directory.look(""), await directory.look("A"), await directory.look("A/B")];
  await directory.put("u2", "Bo", "");
  deepEqual(
    [before, after, await directory.look("")],
    [["A:2 | >", "B:1 | u2 >"], ["A:1 D:1 | >", "| u2 >", "| >"], "D:1 | u2 >"],
  );
});

test("nobody of another organisation is listed, counted or begun after", async () => {
  const directory = new Directory();
  await directory.put("u1", "Ada", "A");
  await directory.put("eve", "Eve", "A/Secret", OTHER);
  deepEqual(
    [await directory.look(""), await directory.look("A"), await directory.look("A", "", 0, OTHER)],
    ["A:1 | >", "| u1 >", "Secret:1 | >"],
  );
  await rejects(directory.look("A", "eve"), { code: "bad-request" });
});

test("pages follow each other, also when the one they begin after has moved, and departments come with the first", async () => {
  const directory = new Directory();
  for (const [userId, name] of [
    ["u1", "D"],
    ["u2", "C"],
    ["u3", "B"],
    ["u4", "A"],
  ] as const)
    await directory.put(userId, name, "Here");
  await directory.put("u5", "E", "Here/Below");
  const first = await directory.look("Here", "", 2);
  await directory.put("u3", "B", "There");
  deepEqual(
    [first, await directory.look("Here", "u3", 2), await directory.look("Here", "u3", 1)],
    ["Below:1 | u4 u3 >u3", "| u2 u1 >", "| u2 >u2"],
  );
});

test("a page and a level are bounded, and too long a path is refused", async () => {
  const directory = new Directory();
  const users = Array.from({ length: DEPARTMENT_PAGE_MAX + 1 }, (_, index) => ({
    userId: `p${index}` as UserId,
    name: "Ann",
  }));
  await directory.accounts.addUsers(TENANT, users);
  const page = await directory.accounts.listDepartment(TENANT, { path: "", after: "", limit: 100_000 });
  for (let index = 0; index <= DEPARTMENTS_LISTED_MAX; index++)
    await directory.put(`d${index}`, "Ann", `Department ${index}`);
  const { departments } = await directory.accounts.listDepartment(TENANT, { path: "", after: "", limit: 1 });
  deepEqual(
    [page.users.length, page.next, departments.length],
    [DEPARTMENT_PAGE_MAX, page.users.at(-1)?.userId, DEPARTMENTS_LISTED_MAX],
  );
  await rejects(directory.look("d".repeat(DEPARTMENT_BYTES_MAX + 1)), { code: "bad-request" });
  await rejects(directory.look("A//B"), { code: "bad-request" });
});

test("after any changes the tree says what the accounts say, as one that is made anew does", async () => {
  const path = fc.constantFrom("", "A", "B", "A/B", "A/B/C", "A/C", "B/A");
  const change = fc.tuple(fc.constantFrom("u1", "u2", "u3", "u4"), fc.constantFrom("x", "y"), path);
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 16 }), async (changes) => {
      const directory = new Directory();
      await directory.look("");
      const where = new Map<string, string>();
      for (const [userId, name, department] of changes) {
        where.set(userId, department);
        await directory.put(userId, name, department);
      }
      const anew = new Directory({ over: directory });
      for (const each of ["", "A", "B", "A/B", "A/B/C", "A/C", "B/A"]) {
        const query = { path: each, after: "", limit: 0 };
        const page = await directory.accounts.listDepartment(TENANT, query);
        deepEqual(await anew.accounts.listDepartment(TENANT, query), page);
        const own = [...where].filter(([, department]) => department === each).map(([userId]) => userId);
        deepEqual(page.users.map(({ userId }) => userId).toSorted(), own.toSorted());
        const begin = each === "" ? "" : `${each}/`;
        const below = [...where.values()].filter(
          (department) => department.startsWith(begin) && department !== each,
        );
        const count = page.departments.reduce((sum, { memberCount }) => sum + memberCount, 0);
        const names = below.map((department) => department.slice(begin.length).split("/")[0] ?? "");
        const listed = page.departments.map(({ name }) => name);
        deepEqual([count, listed], [below.length, [...new Set(names)].toSorted(compareText)]);
      }
    }),
    { numRuns: 100 },
  );
});

function compareText(one: string, other: string): number {
  return one < other ? -1 : 1;
}
