/**
 * Goal: what a recalled message said is in no row any more when old messages were looked after, wherever it lay.
 * Method: a text that occurs nowhere else is packed into a block, or has gone cold; its message is edited and recalled; then
 * everything in the data directory is searched, unpacked where it is packed. The sync queue keeps its events for its days.
 */
import { textBody } from "@parley/protocol";
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sendMany, startChat, withDirectory } from "../testing/closed-installation.js";
import { findTexts } from "../testing/data-scan.js";

const CANARY = "pW4mXe-Rk9b-caNARy-d27Qhs";
/** The notice of the creation and 150 messages stand before it. */
const SEQUENCE = 152;
const ROWS = [
  "cold",
  "conversation-edit",
  "conversation-inbox",
  "conversation-message",
  "conversation-message-block",
];

for (const [where, coldAfterDays] of [
  ["a block", undefined],
  ["the cold tier", 0],
] as const) {
  test(`what a recalled message said leaves ${where}, and its edits go with it`, async () => {
    await withDirectory(async (directory) => {
      const found: (readonly string[])[] = [];
      const scan = async (name: string): Promise<void> => {
        const copy = join(directory.root, name);
        await cp(directory.data, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
        const places = new Set((await findTexts(copy, [CANARY])).get(CANARY));
        found.push(ROWS.filter((row) => places.has(row)));
      };
      const parley = await directory.open({
        isEncrypted: false,
        history: { coldAfterDays, keepDays: undefined },
      });
      const chat = await startChat(parley, "main", "plain");
      await sendMany(parley, chat, { text: CANARY, count: 1, from: 151 });
      await sendMany(parley, chat, { text: "plain", count: 300, from: 152 });
      await parley.checkpoint();
      await parley.historyKeeper.run({ isGentle: false });
      await scan("before");
      const place = { conversationId: chat.conversationId, sequence: SEQUENCE };
      const body = textBody(`${CANARY} once more`);
      await parley.message.edit(chat.session, { ...place, body });
      await parley.checkpoint();
      await scan("edited");
      await parley.message.recall(chat.session, place);
      await parley.checkpoint();
      await parley.historyKeeper.run({ isGentle: false });
      await parley.close();
      await scan("recalled");
      const block = coldAfterDays === undefined ? "conversation-message-block" : "cold";
      assert.equal(found[0]?.includes(block), true, JSON.stringify(found));
      assert.equal(found[1]?.includes("conversation-edit"), true, JSON.stringify(found));
      assert.deepEqual(found[2], []);
    });
  });
}
