/**
 * What people write is in no file in plain.
 *
 * Method: texts that occur nowhere else are put wherever a text can go. The data directory is copied while the installation is
 * open (all is in the logs), after a checkpoint, after it is closed and when all has gone cold, and everything in the copy is searched, unpacked where
 * it is packed. Without encryption the same search finds each of them, so it would have found them here.
 */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type TestDirectory, readTexts, startChat, withDirectory } from "../testing/closed-installation.js";
import { findTexts } from "../testing/data-scan.js";

const CANARY = "tK7qZr-Vw3n-caNARy-x81LpD";
const ALL_COLD = { coldAfterDays: 0, keepDays: undefined };

/** Where the text is found, at each stage. */
async function placesFound(directory: TestDirectory, isEncrypted: boolean): Promise<readonly string[][]> {
  const found: string[][] = [];
  const scan = async (name: string): Promise<void> => {
    const copy = join(directory.root, name);
    await cp(directory.data, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    found.push([...new Set((await findTexts(copy, [CANARY])).get(CANARY))].toSorted());
  };
  const parley = await directory.open({ isEncrypted });
  const chat = await startChat(parley, "main", CANARY);
  await scan("running");
  await parley.checkpoint();
  await scan("checkpointed");
  await parley.close();
  await scan("closed");
  const again = await directory.open();
  assert.equal((await readTexts(again, chat)).length, 100);
  const tidied = await again.historyKeeper.run({ isGentle: false, policy: ALL_COLD });
  assert.ok(tidied.movedMessages >= 100);
  assert.equal((await readTexts(again, chat)).length, 100);
  await again.close();
  await scan("cold");
  assert.deepEqual(directory.fatal, []);
  return found;
}

test("no text is in any file, open or closed", async () => {
  await withDirectory(async (directory) => {
    assert.deepEqual(await placesFound(directory, true), [[], [], [], []]);
  });
});

test("the search finds the texts of an installation that is not encrypted, in logs, rows, blocks and the cold tier", async () => {
  await withDirectory(async (directory) => {
    const [running, , closed, cold] = await placesFound(directory, false);
    const rows = [
      "account",
      "conversation-head",
      "conversation-inbox",
      "conversation-message-block",
      "session",
      "sync-queue-block",
    ];
    assert.deepEqual(running?.includes("journal"), true);
    assert.deepEqual(
      rows.filter((place) => closed?.includes(place) !== true),
      [],
    );
    assert.deepEqual([cold?.includes("cold"), cold?.includes("conversation-message-block")], [true, false]);
  });
});
