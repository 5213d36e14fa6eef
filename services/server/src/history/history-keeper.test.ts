/**
 * Goal: old messages go cold by the age that the policy says, are in backups, go with a destroyed key, and what looks after them
 * does so by itself, ends when it is told to and survives a broken store.
 */
import { decode, textBody } from "@parley/protocol";
import assert from "node:assert/strict";
import { cp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { RecordingLogger } from "@parley/base/testing";
import { DAYS_NEVER, HeadRow } from "@parley/domain";
import {
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MESSAGE,
  CONVERSATION_SEARCH,
} from "@parley/message";
import { restoreInstallation } from "../backup/restore-installation.js";
import type { Parley } from "../parley.js";
import { MESSAGES, readTexts, sendMany, startChat, withDirectory } from "../testing/closed-installation.js";
import type { HistoryPolicy } from "./history-keeper.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const ALL: HistoryPolicy = { coldAfterDays: 0, keepDays: undefined };
const WAIT_TURNS_MAX = 30_000;

test("messages go cold when they are as old as the policy says, and not before", async () => {
  await withDirectory(async (directory) => {
    const ambient = systemAmbient();
    let aheadMs = 0;
    const clock = {
      ...ambient.clock,
      nowMs: () => Date.now() + aheadMs,
      monotonicMs: () => performance.now(),
    };
    const parley = await directory.open({
      ambient: { ...ambient, clock },
      history: { coldAfterDays: 30, keepDays: undefined },
    });
    const chat = await startChat(parley, "main", "old");
    await parley.checkpoint();
    aheadMs = 29 * DAY_MS;
    assert.equal((await parley.historyKeeper.run({ isGentle: false })).movedMessages, 0);
    aheadMs = 31 * DAY_MS;
    assert.ok((await parley.historyKeeper.run({ isGentle: true })).movedMessages >= MESSAGES);
    assert.equal((await readTexts(parley, chat)).length, 100);
    const { last, coldAfterDays, cold } = parley.historyKeeper.status;
    assert.deepEqual([coldAfterDays, last?.conversations, cold.movedRows], [30, 1, last?.movedMessages]);
    await parley.close();
  });
});

test("what is older than it is kept goes from tables, indexes and store, and nobody sees it any more", async () => {
  await withDirectory(async (directory) => {
    const ambient = systemAmbient();
    let aheadMs = 0;
    const clock = { nowMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() };
    const options = { ambient: { ...ambient, clock }, history: { coldAfterDays: 10, keepDays: 100 } };
    const parley = await directory.open(options);
    const chat = await startChat(parley, "main", "goes");
    const kept = await startChat(parley, "acme", "stays");
    await parley.keeping.setKeeping(kept, { keepDays: DAYS_NEVER, coldAfterDays: DAYS_NEVER });
    await parley.checkpoint();
    aheadMs = 50 * DAY_MS;
    const cold = await parley.historyKeeper.run({ isGentle: false });
    assert.deepEqual([cold.movedMessages, cold.removedMessages], [MESSAGES + 1, 0]);
    aheadMs = 90 * DAY_MS;
    await sendMany(parley, chat, { text: "goes not", count: MESSAGES, from: MESSAGES + 1 });
    await parley.checkpoint();
    aheadMs = 120 * DAY_MS;
    const { removedMessages, space } = await parley.historyKeeper.run({ isGentle: true });
    assert.deepEqual([removedMessages, space.freedObjects], [MESSAGES + 1, 1]);
    for (const again of [parley, undefined]) {
      const served = again ?? (await directory.open(options));
      const request = {
        conversationId: chat.conversationId,
        after: 0,
        before: 0,
        isForward: true,
        atMs: 0,
        limit: 100,
      };
      const page = await served.message.history(chat.session, request);
      assert.deepEqual([page.first, page.firstVisible], [MESSAGES + 2, MESSAGES + 2]);
      assert.ok(page.messages.every(({ body }) => body?.text?.text.startsWith("goes not")));
      const partition = [chat.tenantId, chat.conversationId];
      const rows = { table: CONVERSATION_MESSAGE, partition, limit: 1_000 };
      assert.equal((await served.tableStack.tables.range(rows)).length, MESSAGES);
      const index = { table: CONVERSATION_MESSAGE.name, index: "sender" };
      const { missing, extra } = await served.tableStack.direct.verifyIndex(index);
      assert.deepEqual([missing, extra], [0, 0]);
      assert.equal((await readTexts(served, kept)).length, 100);
      await served.close();
    }
  });
});

test("what removed messages said before they were edited goes with them, and that of others stays", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open({ history: { coldAfterDays: 0, keepDays: undefined } });
    const chat = await startChat(parley, "main", "edited");
    const { session, conversationId, tenantId } = chat;
    const edit = (sequence: number, text: string): Promise<void> =>
      parley.message.edit(session, { conversationId, sequence, body: textBody(text) });
    // More than one batch of them.
    for (let sequence = 2; sequence < 112; sequence++)
      await Promise.all([edit(sequence, "once"), edit(sequence, "twice")]);
    await edit(130, "stays");
    await parley.checkpoint();
    await parley.keeping.trim({ tenantId, conversationId }, 120);
    await parley.historyKeeper.run({ isGentle: false });
    const rows = { table: CONVERSATION_EDIT, partition: [tenantId, conversationId], limit: 1_000 };
    const kept = (await parley.tableStack.tables.range(rows)).map(({ sort }) => sort);
    await parley.close();
    assert.deepEqual(kept, [[130, 0]]);
  });
});

test("messages are removed only when it is stored that they are not kept: a replay would miss them", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open({ history: { coldAfterDays: 0, keepDays: undefined } });
    const { conversationId, tenantId } = await startChat(parley, "main", "goes");
    await parley.checkpoint();
    await parley.keeping.trim({ tenantId, conversationId }, 120);
    const { direct } = parley.tableStack;
    const stored = async (): Promise<number> => {
      const row = await direct.find(CONVERSATION_HEAD, [tenantId, conversationId], []);
      return decode(HeadRow, row!).firstKept;
    };
    const before = await stored();
    await parley.historyKeeper.run({ isGentle: false });
    assert.deepEqual([before, await stored()], [0, 120]);
    await parley.close();
  });
});

test("what searches know of the words of removed messages goes with them", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open({ history: { coldAfterDays: 0, keepDays: undefined } });
    const chat = await startChat(parley, "main", "searched");
    await sendMany(parley, chat, { text: "more", count: MESSAGES, from: MESSAGES + 1 });
    const { conversationId, tenantId } = chat;
    const partition = [tenantId, conversationId];
    const writes = [0, 1, 2].map((chunk) => ({
      kind: "put" as const,
      table: CONVERSATION_SEARCH,
      sort: [chunk],
      value: Uint8Array.of(1),
    }));
    parley.tableStack.tables.stage({ partition, writes });
    await parley.checkpoint();
    await parley.keeping.trim({ tenantId, conversationId }, 257);
    await parley.historyKeeper.run({ isGentle: false });
    const rows = { table: CONVERSATION_SEARCH, partition, limit: 10 };
    const kept = (await parley.tableStack.tables.range(rows)).map(({ sort }) => sort);
    await parley.close();
    assert.deepEqual(kept, [[1], [2]]);
  });
});

test("a conversation that is not to go cold comes back, and one that is shorter kept goes before the others", async () => {
  await withDirectory(async (directory) => {
    const ambient = systemAmbient();
    let aheadMs = 0;
    const clock = { nowMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() };
    const parley = await directory.open({ ambient: { ...ambient, clock }, history: ALL });
    const back = await startChat(parley, "main", "back");
    const short = await startChat(parley, "acme", "short");
    await goCold(parley);
    await parley.keeping.setKeeping(back, { keepDays: 0, coldAfterDays: DAYS_NEVER });
    await parley.keeping.setKeeping(short, { keepDays: 7, coldAfterDays: 0 });
    aheadMs = 8 * DAY_MS;
    const report = await parley.historyKeeper.run({ isGentle: false });
    // The newest message stays, whatever its age.
    assert.deepEqual([report.thawedMessages, report.removedMessages], [MESSAGES + 1, 0]);
    await sendMany(parley, short, { text: "new", count: 1, from: MESSAGES + 1 });
    await parley.checkpoint();
    const next = await parley.historyKeeper.run({ isGentle: false });
    assert.deepEqual([next.removedMessages, next.space.objects], [MESSAGES + 1, 0]);
    assert.equal((await readTexts(parley, back)).length, 100);
    assert.deepEqual(await readTexts(parley, short), ["new 0"]);
    await parley.close();
  });
});

test("a backup has every message, though the store is emptied while it is taken", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const chat = await startChat(parley, "main", "kept");
    await goCold(parley);
    await parley.backups.start(join(directory.root, "backup"), 200_000);
    const { cold } = parley.tableStack.blocks;
    const partition = [chat.tenantId, chat.conversationId];
    assert.ok((await cold!.thaw({ table: CONVERSATION_MESSAGE, partition }, { pauseFactor: 0 })) >= MESSAGES);
    const held = await cold!.sweep([CONVERSATION_MESSAGE], { pauseFactor: 0 });
    assert.equal(parley.backups.status.state, "running", "it is still being taken");
    assert.equal(held.freedObjects, 0);
    await until(() => parley.backups.status.state === "done");
    assert.equal((await cold!.sweep([CONVERSATION_MESSAGE], { pauseFactor: 0 })).freedObjects, 1);
    await parley.close();
    const to = join(directory.root, "restored");
    await restoreInstallation({ from: join(directory.root, "backup"), to, ambient: systemAmbient() });
    assert.equal((await readdir(join(to, "cold"))).length, 1);
    await cp(join(directory.data, "keys/master.key"), join(to, "keys/master.key"));
    const restored = await directory.open({ dataDirectory: to });
    assert.equal((await readTexts(restored, chat)).length, 100);
    await restored.close();
  });
});

test("with a conversation's key its messages go from the store", async () => {
  await withDirectory(async (directory) => {
    const first = await directory.open();
    const gone = await startChat(first, "main", "gone");
    const other = await startChat(first, "acme", "other");
    await goCold(first);
    await first.encryption!.shredConversation(gone, () => undefined);
    await first.close();
    const second = await directory.open();
    const { space } = await second.historyKeeper.run({ isGentle: false, policy: ALL });
    assert.deepEqual([space.objects, space.freedObjects], [1, 1], "what lives was written anew");
    assert.equal(await readTexts(second, gone).catch(failureCode), "not-a-member");
    assert.equal((await readTexts(second, other)).length, 100);
    await second.close();
  });
});

test("a store that cannot be written to is told, and nothing is lost by it", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const chat = await startChat(parley, "main", "safe");
    await goCold(parley);
    const store = join(directory.data, "cold");
    const saved = join(directory.root, "saved");
    // A file where the directory should be: nobody can use it, whoever they are.
    await rename(store, saved);
    await writeFile(store, "");
    await sendMany(parley, chat, { text: "more", count: MESSAGES, from: MESSAGES + 1 });
    await parley.checkpoint();
    const failed = await parley.historyKeeper.run({ isGentle: false, policy: ALL }).catch(failureCode);
    assert.equal(failed, "cold-failed");
    assert.equal(parley.historyKeeper.status.error?.code, "cold-failed");
    assert.equal((await readTexts(parley, chat)).length, 100, "the newest are not there yet");
    await rm(store);
    await rename(saved, store);
    assert.ok((await parley.historyKeeper.run({ isGentle: false, policy: ALL })).movedMessages >= MESSAGES);
    assert.equal(parley.historyKeeper.status.error, null);
    const rows = {
      table: CONVERSATION_MESSAGE,
      partition: [chat.tenantId, chat.conversationId],
      limit: 1_000,
    };
    assert.ok((await parley.tableStack.tables.range(rows)).length >= 2 * MESSAGES);
    await parley.close();
  });
});

test("it begins some minutes after the start, goes on every few hours, and ends with the installation", async () => {
  await withDirectory(async (directory) => {
    const ambient = systemAmbient(new RecordingLogger());
    const delays: number[] = [];
    let fire = (): void => {};
    const scheduler = {
      ...ambient.scheduler,
      after: (delayMs: number, task: () => void) => {
        if (delayMs < 60_000) return ambient.scheduler.after(delayMs, task);
        delays.push(delayMs);
        fire = task;
        return { cancel: () => undefined };
      },
      every: (intervalMs: number, task: () => void) => ambient.scheduler.every(intervalMs, task),
      soon: (task: () => void) => ambient.scheduler.soon(task),
    };
    const parley = await directory.open({ ambient: { ...ambient, scheduler }, history: ALL });
    const chat = await startChat(parley, "main", "by itself");
    await parley.checkpoint();
    parley.historyKeeper.start();
    const walks = delays.length;
    fire();
    await until(() => parley.historyKeeper.status.last !== null);
    assert.ok(parley.historyKeeper.status.last!.movedMessages >= MESSAGES);
    await until(() => delays.length > walks);
    assert.deepEqual(delays.slice(walks - 1), [10 * 60_000, 6 * 60 * 60_000]);
    const running = parley.historyKeeper
      .run({ isGentle: true, policy: ALL })
      .then(() => undefined, failureCode);
    assert.equal(await parley.historyKeeper.run({ isGentle: true }).catch(failureCode), "history-busy");
    await parley.close();
    assert.ok(["tables-closed", undefined].includes(await running));
    assert.equal(
      (
        await directory.open().then(async (again) => {
          const texts = await readTexts(again, chat);
          await again.close();
          return texts;
        })
      ).length,
      100,
    );
  });
});

/** All that is in the tables goes into the store. */
async function goCold(parley: Parley): Promise<void> {
  await parley.checkpoint();
  assert.ok((await parley.historyKeeper.run({ isGentle: false, policy: ALL })).movedMessages >= MESSAGES);
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < WAIT_TURNS_MAX, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
