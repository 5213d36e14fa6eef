import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { TableStatistics } from "@parley/server";
import { type Outcome, runWords, withServerOn } from "./testing/run-words.js";

let folder: string;
let data: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-cli-tables-"));
  data = join(folder, "data");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("parley tables stats", () => {
  test("shows what the tables of a running server are asked for, and who is hot", async () => {
    const [json, few, lines] = await withDemo(async () => [
      await run("tables", "stats", "--json"),
      await run("tables", "stats", "--json", "--top", "1"),
      await run("tables", "stats"),
    ]);
    const statistics = JSON.parse(json.out[0]!) as TableStatistics;
    const messages = statistics.tables.find(({ table }) => table === "conversation-message")!;
    const { rowsWritten, bytesWritten } = messages.total;
    const accounts = statistics.engine.find(({ table }) => table === "account")!;
    assert.ok(
      rowsWritten > 0 && bytesWritten > rowsWritten && messages.lastMinute.rowsWritten === rowsWritten,
    );
    assert.ok(accounts.total.rowsWritten > 0);
    const { partitions } = statistics.hot;
    assert.ok(partitions.length > 1 && partitions[0]!.requests >= partitions[1]!.requests);
    assert.equal((JSON.parse(few.out[0]!) as TableStatistics).hot.partitions.length, 1);
    const named = ["asked for", "of the engine", "conversation-message", partitions[0]!.partition.join(" ")];
    assert.deepEqual(
      named.filter((name) => !lines.out.join("\n").includes(name)),
      [],
    );
  });

  test("says that nothing is counted without a server", async () => {
    const { exitCode, out } = await run("tables", "stats", "--json");
    const { error } = JSON.parse(out[0]!) as { error: { code: string } };
    assert.deepEqual([exitCode, error.code], [1, "not-served"]);
  });

  test("refuses a number of partitions that it cannot show", async () => {
    const outcomes = await Promise.all(
      ["1001", "-1", "many"].map((top) => run("tables", "stats", `--top=${top}`)),
    );
    assert.deepEqual(
      outcomes.map(({ exitCode }) => exitCode),
      [2, 2, 2],
    );
  });
});

async function run(...words: readonly string[]): Promise<Outcome> {
  return runWords(words, { PARLEY_DATA: data });
}

async function withDemo<T>(work: () => Promise<T>): Promise<T> {
  return withServerOn(data, work, "on");
}
