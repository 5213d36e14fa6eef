/** Goal: a queue keeps the events that it is to keep, little more, and never fewer; nobody waits for what removes the others. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime, RecordingLogger } from "@parley/base/testing";
import type { FeedSink } from "@parley/contracts";
import { SYNC_QUEUE } from "@parley/sync";
import type { Key, TableSpec } from "@parley/tables";
import { MESSAGES, sendMany, startChat, withDirectory } from "../testing/closed-installation.js";
import { QueueTrimmer } from "./queue-trimmer.js";

const PARTITION: Key = ["acme", "ann"];
const KEPT = 200;
/** A step more, and the rest of the block that reaches across what is kept first. */
const MOST = KEPT + KEPT / 8 + 128;
const TURNS_MAX = 2_000;

class ScriptedTables {
  readonly asked: string[] = [];
  /** Rows that are found at each call. */
  found: (number | Error)[] = [];

  trim(table: TableSpec, partition: Key, before: number): Promise<number> {
    this.asked.push(`${table.name} ${partition.join("/")} ${before}`);
    const found = this.found.shift() ?? 0;
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  }
}

function benchOf(keepEvents: number) {
  const time = new ManualTime();
  const logger = new RecordingLogger();
  const tables = new ScriptedTables();
  const random = { unit: () => 0.5, bytes: (length: number) => new Uint8Array(length) };
  const ambient = { clock: time, scheduler: time, random, logger };
  return { time, logger, tables, trimmer: new QueueTrimmer({ tables, ambient, keepEvents }) };
}

test("a queue is trimmed once for each step that it has grown, and not before it holds what it is to keep", async () => {
  const { tables, trimmer, time } = benchOf(80);
  for (let pts = 1; pts <= 109; pts++) {
    trimmer.onGrown(SYNC_QUEUE, PARTITION, pts, pts);
    await time.advance(1);
  }
  deepEqual(tables.asked, ["sync-queue acme/ann 11", "sync-queue acme/ann 21"]);
});

test("all that grows at once is one note, and what is left is asked for until nothing is", async () => {
  const { tables, trimmer, time } = benchOf(80);
  tables.found = [128, 128];
  trimmer.onGrown(SYNC_QUEUE, PARTITION, 1, 1_000);
  await time.advance(10);
  deepEqual(
    tables.asked,
    Array.from({ length: 3 }, () => "sync-queue acme/ann 921"),
  );
});

test("what fails is logged and left, and the next queue is trimmed all the same", async () => {
  const { tables, trimmer, time, logger } = benchOf(8);
  tables.found = [new Error("no disk")];
  trimmer.onGrown(SYNC_QUEUE, PARTITION, 1, 20);
  trimmer.onGrown(SYNC_QUEUE, ["acme", "bob"], 1, 30);
  await time.advance(10);
  deepEqual(tables.asked, ["sync-queue acme/ann 13", "sync-queue acme/bob 23"]);
  deepEqual(logger.errors, ["queue-not-trimmed"]);
});

test("after its end nothing is trimmed any more", async () => {
  const { tables, trimmer } = benchOf(8);
  await trimmer.stop();
  trimmer.onGrown(SYNC_QUEUE, PARTITION, 1, 20);
  await trimmer.stop();
  deepEqual(tables.asked, []);
});

test("the oldest events leave the tables, and a device that needs them is rebased", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open({ queueEvents: KEPT });
    const chat = await startChat(parley, "main", "long");
    const partition = [chat.tenantId, chat.session.userId];
    const queue = { table: SYNC_QUEUE, partition, limit: 2_000 };
    for (let round = 0; round < 4; round++) {
      await parley.checkpoint();
      await sendMany(parley, chat, { text: "more", count: 100, from: MESSAGES + 1 + round * 100 });
    }
    await parley.checkpoint();
    let rows = await parley.tableStack.tables.range(queue);
    for (let turn = 0; turn < TURNS_MAX && rows.length > MOST; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      rows = await parley.tableStack.tables.range(queue);
    }
    const last = Number(rows.at(-1)!.sort[0]);
    ok(last > 550, `the queue goes to ${last}`);
    ok(rows.length >= KEPT && rows.length <= MOST, `${rows.length} rows`);
    equal(Number(rows[0]!.sort[0]), last - rows.length + 1);

    const told: string[] = [];
    const sink: FeedSink = {
      push: (_epoch, firstPts, events) => void told.push(`${firstPts}+${events.length}`),
      rebase: ({ pts }, reason) => void told.push(`${reason} ${pts}`),
      ahead: () => undefined,
      caughtUp: () => undefined,
      hasRoom: () => true,
      fail: () => void told.push("failed"),
    };
    const feed = await parley.sync.attach(chat.session, { epoch: parley.epoch, pts: 1 }, sink);
    deepEqual(told, [`too-far-behind ${last}`]);
    feed.close();
    await parley.close();
    deepEqual(directory.fatal, []);
  });
});
