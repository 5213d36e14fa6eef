/** Whatever stands in the rows of the account store, a call comes to a failure with a code or to an answer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { damagedBytes } from "@parley/base/damage";
import type { UserId } from "@parley/protocol";
import type { Key, TableSpec } from "@parley/tables";
import fc from "fast-check";
import { ACCOUNT, ACCOUNT_PICTURE, SESSION, TOKEN } from "./account-rows.js";
import { AccountBench, TENANT } from "./testing/account-bench.js";

const RUNS = 300;
const USER = "ann" as UserId;
/** No call comes to these with a row that cannot be read, or that is another one. */
const CODES = new Set([
  "malformed",
  "session-invalid",
  "invalid-credentials",
  "account-disabled",
  "not-found",
]);

for (const table of [ACCOUNT, ACCOUNT_PICTURE, SESSION, TOKEN]) {
  test(`a damaged row of ${table.name} is refused by code or answered`, async () => {
    let refusedCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const bench = new AccountBench();
        await bench.addUser("ann");
        await bench.accounts.setPicture(TENANT, USER, { type: "image/png", bytes: Uint8Array.of(1) });
        const { token, session } = await bench.issue("ann");
        const place = placeOf(table, token, session.sessionId);
        const written = await bench.tables.find(table, place.partition, place.sort);
        assert.ok(written !== undefined);
        const [value] = fc.sample(damagedBytes([written]), { numRuns: 1, seed });
        await bench.tables.write(
          [
            {
              partition: place.partition,
              writes: [
                {
                  kind: "put",
                  table,
                  sort: place.sort,
                  value: value!,
                  ...(table.hasExpiry === true ? { expiresAtMs: session.expiresAtMs } : {}),
                },
              ],
            },
          ],
          { isDurable: true },
        );
        const calls: readonly Promise<unknown>[] = [
          bench.accounts.verify(token),
          bench.accounts.findUsers(TENANT, [USER]),
          bench.accounts.listUsers(TENANT, { prefix: "", after: "", limit: 10 }),
          bench.accounts.findPeople(TENANT, { text: "a", limit: 0, among: undefined }),
          bench.accounts.profiles(TENANT, [USER]),
          bench.accounts.findPicture(TENANT, USER),
          bench.accounts.listSessions(TENANT, USER),
          bench.accounts.revoke(TENANT, USER, session.sessionId),
        ];
        const outcomes = await Promise.allSettled(calls);
        for (const outcome of outcomes) {
          if (outcome.status === "fulfilled") continue;
          refusedCount += 1;
          assert.ok(CODES.has(failureCode(outcome.reason) ?? ""), String(outcome.reason));
        }
      }),
      { numRuns: RUNS },
    );
    assert.ok(refusedCount > RUNS / 10, `Only ${refusedCount} calls were refused.`);
  });
}

function placeOf(
  table: TableSpec,
  token: string,
  sessionId: string,
): { readonly partition: Key; readonly sort: Key } {
  if (table === ACCOUNT || table === ACCOUNT_PICTURE) return { partition: [TENANT], sort: [USER] };
  if (table === SESSION) return { partition: [TENANT, USER], sort: [sessionId] };
  return { partition: [createHash("sha256").update(token).digest("hex")], sort: [] };
}
