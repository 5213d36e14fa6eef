/**
 * Goal: rows that changed on the disk are named, whatever else lies beside them, and no secret is named with them.
 *
 * Method: rows of a real installation are changed beneath the engine, in LevelDB itself, whose own checksums are right then.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ClassicLevel } from "classic-level";
import {
  type TestDirectory,
  startChat,
  verifyClosed,
  withDirectory,
} from "../testing/closed-installation.js";
import { FINDINGS_NAMED_MAX, type Finding } from "./verify-report.js";

type Change = (key: Buffer, stored: Buffer) => readonly (readonly [Buffer, Buffer])[];

test("a row that is not what was stored is named, and what could not be compared because of it", async () => {
  await withInstallation(async (directory) => {
    await change(directory, "conversation-head", (key, stored) => [[key, flipped(stored)]]);
    const { wrong, findings } = await verifyClosed(directory);
    assert.deepEqual(wrong, { checksum: 1, unchecked: 1 });
    const [row, counters] = findings as [Finding, Finding];
    assert.deepEqual(
      [row.kind, row.table, row.partition?.[0], row.sort],
      ["checksum", "conversation-head", "main", []],
    );
    assert.match(counters.message, /counters in conversation-head were not all compared/);
  });
});

test("the hash of a token is not shown with what is wrong with its row", async () => {
  await withInstallation(async (directory) => {
    let hash = "";
    await change(directory, "token", (key, stored) => {
      hash = /[0-9a-f]{64}/.exec(key.toString("latin1"))![0];
      return [[key, flipped(stored)]];
    });
    const report = await verifyClosed(directory);
    assert.deepEqual(report.wrong, { checksum: 1 });
    assert.deepEqual(report.findings[0]!.partition, ["(hidden)"]);
    assert.equal(JSON.stringify(report).includes(hash), false);
  });
});

test("a row of a table that nobody knows is counted, and named when it is damaged", async () => {
  await withInstallation(async (directory) => {
    await change(directory, "account", (key, stored) => [
      [key, stored],
      [Buffer.from("zebra\0\u0002a\0\u0001"), stored],
    ]);
    const report = await verifyClosed(directory);
    assert.deepEqual(report.wrong, { checksum: 1 });
    assert.deepEqual([report.unknownRows, report.findings[0]!.table], [1, "zebra"]);
  });
});

test("all that is wrong is counted, and some of it is named", async () => {
  await withInstallation(async (directory) => {
    const extra = 3 * FINDINGS_NAMED_MAX;
    await change(directory, "account", (key, stored) => [
      [key, stored],
      ...Array.from(
        { length: extra },
        (_, index) => [Buffer.from(`zebra\0\u0002${index}\0\u0001`), stored] as const,
      ),
    ]);
    const { wrong, findings } = await verifyClosed(directory);
    assert.deepEqual([wrong, findings.length], [{ checksum: extra }, FINDINGS_NAMED_MAX]);
  });
});

async function withInstallation(work: (directory: TestDirectory) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    await startChat(parley, "main", "hello");
    await parley.close();
    await work(directory);
  });
}

/** Puts other rows for the first row of a table. */
async function change({ data }: TestDirectory, table: string, changed: Change): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(join(data, "tables"), {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
  });
  const [[key, stored]] = (await database.iterator({ gte: Buffer.from(`${table}\0`), limit: 1 }).all()) as [
    [Buffer, Buffer],
  ];
  for (const [newKey, newStored] of changed(key, stored)) await database.put(newKey, newStored);
  await database.close();
}

function flipped(stored: Buffer): Buffer {
  const copy = Buffer.from(stored);
  copy[copy.length - 1]! ^= 1;
  return copy;
}
