import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime, seededRandom } from "@parley/base/testing";
import { type TenantId, type UserId, NAME_BYTES_MAX } from "@parley/protocol";
import { MemoryTableStore, MemoryTables } from "@parley/tables";
import { AccountStore } from "./account-store.js";

const tenantId = "acme" as TenantId;
const longest = "ä".repeat(NAME_BYTES_MAX / 2);

test("a name has a bound in bytes, added alone or with others", async () => {
  const time = new ManualTime();
  const tables = new MemoryTables(new MemoryTableStore(), time);
  const accounts = new AccountStore({ tables, clock: time, random: seededRandom(1) });
  const userId = (id: string): UserId => id as UserId;
  const outcomes = [
    await accounts.addUser({ tenantId, userId: userId("ann"), name: longest }),
    await accounts.addUsers(tenantId, [{ userId: userId("bob"), name: longest }]),
    await accounts.addUser({ tenantId, userId: userId("eve"), name: `${longest}x` }).catch(failureCode),
    await accounts.addUsers(tenantId, [{ userId: userId("eve"), name: `${longest}x` }]).catch(failureCode),
  ];
  const { users } = await accounts.listUsers(tenantId, { prefix: "", after: "", limit: 0 });
  assert.deepEqual(
    [outcomes, users.map((user) => user.userId)],
    [
      [undefined, 1, "bad-request", "bad-request"],
      ["ann", "bob"],
    ],
  );
});
