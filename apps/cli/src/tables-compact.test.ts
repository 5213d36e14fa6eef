/** Compacting by the command line, on a stopped installation and through a server. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TableSpec } from "@parley/tables";
import { MESSAGES, type World, openBeside, removeRows, withChat } from "./testing/tables-world.js";

const TABLE = "conversation-message";
const BLOCKS: TableSpec = { name: `${TABLE}-block` };
const ENTRIES: TableSpec = { name: `${TABLE}-by-sender-1` };
const STATE: TableSpec = { name: "index-state" };

describe("parley tables compact", () => {
  test("says what the files hold before and after, and leaves what is read as it was", async () => {
    await withChat(async ({ run, runServed }) => {
      const before = (await run("tables", "scan", TABLE, "--json", "--limit", "1000")).out;
      const outcomes = [
        await run("tables", "compact", "--json"),
        await runServed("tables", "compact", "--json"),
      ];
      for (const outcome of outcomes) {
        const { bytesBefore, bytesAfter } = outcome.lines()[0] as { bytesBefore: number; bytesAfter: number };
        assert.deepEqual([outcome.exitCode, bytesBefore > 0, bytesAfter > 0], [0, true, true], outcome.err);
      }
      assert.deepEqual((await run("tables", "scan", TABLE, "--json", "--limit", "1000")).out, before);
      assert.match((await run("tables", "compact")).out[0]!, /^Packed 0 rows: .* MB before, .* MB after\.$/);
    });
  });

  test("packs rows that lie single", async () => {
    await withChat(
      async (world) => {
        await unpack(world);
        const single = await count(world, BLOCKS);
        const { packedRows } = (await world.run("tables", "compact", "--json")).lines()[0] as {
          packedRows: number;
        };
        assert.deepEqual([single, packedRows >= MESSAGES], [0, true]);
        assert.ok((await count(world, BLOCKS)) > 0);
        assert.equal((await world.run("tables", "verify")).exitCode, 0);
      },
      { isEncrypted: false },
    );
  });
});

/** Makes the history as it was before there were blocks: all rows single, and no index yet. */
async function unpack(world: World): Promise<void> {
  const scanned = await world.run("tables", "scan", TABLE, "--raw", "--json", "--limit", "1000");
  const rows = scanned.lines() as { partition: string[]; sort: number[]; value: string }[];
  for (const table of [BLOCKS, ENTRIES, STATE]) await removeRows(world, table, Infinity);
  const tables = await openBeside(world);
  for (const { partition, sort, value } of rows) {
    const write = { kind: "put" as const, table: { name: TABLE }, sort, value: Buffer.from(value, "base64") };
    await tables.write([{ partition, writes: [write] }], { isDurable: true });
  }
  await tables.close();
}

async function count(world: World, table: TableSpec): Promise<number> {
  const tables = await openBeside(world);
  const rows = await tables.scanTable({ table, limit: 1_000 });
  await tables.close();
  return rows.length;
}
