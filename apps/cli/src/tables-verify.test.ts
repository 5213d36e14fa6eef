/**
 * Goal: what is damaged in a data directory is found and named, and nothing else is.
 *
 * Method: an installation with a chat, in which one thing is made wrong at a time, as it lies on the disk. Rows are changed
 * through the engine, so that their checksums are right; where that is the point, beneath it. Without encryption, except where
 * seals and keys are the point.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Key, ScannedRow, TableSpec } from "@parley/tables";
import { type Outcome, type World, openBeside, withChat } from "./testing/tables-world.js";

const BLOCKS: TableSpec = { name: "conversation-message-block" };
const ENTRIES: TableSpec = { name: "conversation-message-by-sender-1" };
const HEAD: TableSpec = { name: "conversation-head" };

interface Found {
  readonly exitCode: number;
  readonly wrong: unknown;
  readonly places: readonly unknown[];
}

describe("parley tables verify", () => {
  test("finds nothing wrong in what is right, with and without a server, and says what it has read", async () => {
    await withChat(async ({ run, runServed }) => {
      const alone = await run("tables", "verify", "--json");
      const served = await runServed("tables", "verify", "--json");
      for (const outcome of [alone, served]) {
        const report = outcome.lines()[0]!;
        assert.deepEqual([outcome.exitCode, report["wrong"], report["findings"]], [0, {}, []]);
        assert.equal(report["unknownRows"], 0);
        assert.ok(Number(report["blocks"]) > 0 && Number(report["packedRows"]) >= 150);
        assert.ok(Number(report["counters"]) >= 3);
        const [index] = report["indexes"] as { phase: string; entries: number }[];
        assert.deepEqual([index?.phase, index?.entries], ["readable", 150]);
      }
      assert.ok(Number(alone.lines()[0]!["files"]) > 0);
      assert.equal(served.lines()[0]!["files"], 0);
      const text = await runServed("tables", "verify");
      assert.match(text.out.join("\n"), /files: not read while a server runs/);
      assert.match(text.out.at(-1)!, /as it was written/);
    });
  });

  test("names a damaged file and the place, and looks no further", async () => {
    await withChat(async (world) => {
      // The next opening makes a file of what the log of the first one holds.
      await world.run("user", "list");
      const name = (await readdir(world.tables)).find((each) => each.endsWith(".ldb"))!;
      const path = join(world.tables, name);
      const bytes = await readFile(path);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(path, bytes);
      const outcome = await world.run("tables", "verify", "--json");
      const { wrong, findings, rows } = outcome.lines()[0] as {
        wrong: unknown;
        findings: { file?: string; offset?: number }[];
        rows: number;
      };
      assert.deepEqual([outcome.exitCode, wrong, rows], [1, { file: 1, unchecked: 1 }, 0]);
      assert.deepEqual([findings[0]!.file, findings[0]!.offset! <= bytes.length >> 1], [name, true]);
      const text = (await world.run("tables", "verify")).out.join("\n");
      assert.match(text, new RegExp(`^WRONG file +${name} at byte \\d+: `, "m"));
    });
  });

  test("names a block that does not unpack, one that lies elsewhere, and one that overlaps", async () => {
    await withPlain(async (world) => {
      const [first] = await change(world, BLOCKS, (rows) => [
        { ...rows[0]!, value: rows[0]!.value.map((byte, index) => (index === 60 ? byte ^ 0xff : byte)) },
      ]);
      const unpacked = await verify(world);
      await change(world, BLOCKS, () => [first!]);
      assert.deepEqual((await verify(world)).wrong, {});
      await change(world, BLOCKS, () => [{ ...first!, sort: [1_000] }]);
      const elsewhere = await verify(world);
      assert.deepEqual(unpacked.places[0], ["block", BLOCKS.name, first!.partition, first!.sort]);
      assert.equal(unpacked.exitCode, 1);
      const [place] = elsewhere.places;
      assert.deepEqual(place, ["block", BLOCKS.name, first!.partition, [1_000]]);
      // It does not end there, and it overlaps what is before it.
      assert.equal((elsewhere.wrong as { block: number }).block, 2);
    });
  });

  test("names entries of an index that are missing, too many, or lead to nothing", async () => {
    await withPlain(async (world) => {
      const [gone] = await change(world, ENTRIES, (rows) => [{ ...rows[3]!, value: undefined }]);
      const extra = { ...gone!, sort: ["zoe", 5] };
      await change(world, ENTRIES, () => [extra]);
      const found = await verify(world);
      const served = await verify(world, true);
      assert.deepEqual([found.exitCode, found.wrong], [1, { index: 2 }]);
      assert.deepEqual(found.places, [
        ["index", ENTRIES.name, gone!.partition, gone!.sort],
        ["index", ENTRIES.name, extra.partition, extra.sort],
      ]);
      assert.deepEqual(served, found);
    });
  });

  test("names a counter that is behind what it has counted, and a value that says nothing", async () => {
    await withPlain(async (world) => {
      const [whole] = await change(world, HEAD, (rows) => [{ ...rows[0]!, value: new Uint8Array(0) }]);
      const behind = await verify(world);
      await change(world, HEAD, () => [{ ...whole!, value: Uint8Array.of(0xff, 0xff) }]);
      const nothing = await verify(world);
      assert.deepEqual(behind.places, [["counter", HEAD.name, whole!.partition, []]]);
      assert.deepEqual(nothing.places[0], ["value", HEAD.name, whole!.partition, []]);
    });
  });

  test("names a row that was moved, and rows whose key is missing; destroyed keys are counted", async () => {
    await withChat(async (world) => {
      const row = await rowsOf(world, HEAD);
      await change(world, HEAD, () => [{ ...row[0]!, partition: ["main", "g:other"] }]);
      const moved = await verify(world);
      assert.deepEqual(moved.places[0], ["seal", HEAD.name, ["main", "g:other"], []]);
      await change(world, HEAD, () => [{ ...row[0]!, partition: ["main", "g:other"], value: undefined }]);
      assert.equal((await verify(world)).exitCode, 0);
      // Kind 1, a data key that never was.
      const value = Buffer.from(row[0]!.value);
      value.writeUInt32BE(77_777, 1);
      await change(world, HEAD, () => [{ ...row[0]!, value }]);
      const missing = await verify(world);
      assert.deepEqual(missing.places[0], ["key-missing", HEAD.name, row[0]!.partition, []]);
      await change(world, HEAD, () => row);
      const shred = await world.run("keys", "shred", "--tenant", "main", "--yes");
      assert.equal(shred.exitCode, 0, shred.err);
      const outcome = await world.run("tables", "verify", "--json");
      const report = outcome.lines()[0]!;
      assert.deepEqual([outcome.exitCode, report["wrong"]], [0, {}]);
      assert.ok(Number(report["shreddedRows"]) > 10);
    });
  });

  test("of no installation makes none", async () => {
    await withChat(async ({ run, data }) => {
      const nowhere = join(data, "..", "nowhere");
      const { exitCode, err } = await run("tables", "verify", "--data", nowhere);
      assert.equal(exitCode, 1);
      assert.match(err, /no installation/);
      assert.equal((await readdir(join(data, ".."))).includes("nowhere"), false);
    });
  });
});

function withPlain(work: (world: World) => Promise<void>): Promise<void> {
  return withChat(work, { isEncrypted: false });
}

async function verify({ run, runServed }: World, isServed = false): Promise<Found> {
  const outcome: Outcome = await (isServed ? runServed : run)("tables", "verify", "--json");
  const { wrong, findings } = outcome.lines()[0] as {
    wrong: unknown;
    findings: { kind: string; table?: string; partition?: Key; sort?: Key }[];
  };
  const places = findings.map(({ kind, table, partition, sort }) => [kind, table, partition, sort]);
  return { exitCode: outcome.exitCode, wrong, places };
}

type Changed = Omit<ScannedRow, "value"> & { readonly value: Uint8Array | undefined };

/** Writes rows beside the server, or deletes them. Resolves with the first rows as they were. */
async function change(
  world: World,
  table: TableSpec,
  changed: (rows: readonly ScannedRow[]) => readonly Changed[],
): Promise<readonly ScannedRow[]> {
  const rows = await rowsOf(world, table);
  const tables = await openBeside(world);
  const writes = changed(rows);
  for (const { partition, sort, value } of writes) {
    const write =
      value === undefined
        ? { kind: "delete" as const, table, sort }
        : { kind: "put" as const, table, sort, value };
    await tables.write([{ partition, writes: [write] }], { isDurable: true });
  }
  await tables.close();
  return rows.filter(({ sort }) =>
    writes.some((write) => JSON.stringify(write.sort) === JSON.stringify(sort)),
  );
}

async function rowsOf(world: World, table: TableSpec): Promise<readonly ScannedRow[]> {
  const tables = await openBeside(world);
  const rows = await tables.scanTable({ table, limit: 1_000 });
  await tables.close();
  return rows;
}
