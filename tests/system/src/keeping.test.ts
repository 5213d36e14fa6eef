/**
 * Goal: messages that are no longer kept go from the server and from every device, whether it is connected or away.
 * Method: two people chat, one leaves; the conversation is trimmed and what is gone is removed from the tables; who was away
 * comes back. Both then show the same, and no file of either side holds a text that is gone.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ParleyClient, Timeline } from "@parley/client";
import { createNodeClient, login } from "@parley/client/node";
import type { ConversationId, UserId } from "@parley/protocol";
import { DEFAULT_TENANT, DEMO_PASSWORD } from "@parley/server";
import { signIn, texts, withServer } from "./testing/with-server.js";

const SETTLE_MS = 10_000;
const WAIT_TURNS_MAX = 1_000;
const TURN_MS = 10;
/** Texts of which none holds another. */
const GONE = Array.from({ length: 10 }, (_, index) => `goes ${index}.`);
const KEPT = Array.from({ length: 5 }, (_, index) => `stays ${index}.`);

test("what is trimmed is gone for who is connected and for who comes back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-device-"));
  const storePath = join(folder, "bob");
  try {
    await withServer(async (server) => {
      const { parley } = server;
      const alice = await signIn(server.url, "alice");
      const device = { user: "bob", password: DEMO_PASSWORD, device: "laptop" };
      const session = await login(server.url, device);
      const bob = createNodeClient({ url: server.url, ...session, storePath });
      await bob.start();
      const conversationId = await alice.createDirect("bob" as UserId);
      await alice.open(conversationId);
      await bob.settled(SETTLE_MS);
      await bob.open(conversationId);
      for (const text of GONE) await alice.sendText(conversationId, text);
      await alice.settled(SETTLE_MS);
      // What goes does not share a block with what stays.
      await parley.checkpoint();
      for (const text of KEPT) await alice.sendText(conversationId, text);
      await alice.settled(SETTLE_MS);
      for (const client of [alice, bob])
        await until(() => texts(client, conversationId).includes(KEPT.at(-1)!));
      await bob.stop();

      const first = alice
        .timeline(conversationId)!
        .messages.find(({ body }) => body?.text?.text === KEPT[0])!;
      await parley.keeping.trim({ tenantId: DEFAULT_TENANT, conversationId }, first.sequence);
      await until(() => !texts(alice, conversationId).includes(GONE.at(-1)!));
      await parley.checkpoint();
      const { removedMessages } = await parley.historyKeeper.run({ isGentle: false });
      assert.ok(removedMessages >= GONE.length, String(removedMessages));

      const back = createNodeClient({ url: server.url, ...session, storePath });
      await back.start();
      await back.settled(SETTLE_MS);
      const shown = await back.open(conversationId);
      assert.deepEqual(viewOf(back, conversationId, shown), viewOf(alice, conversationId));
      assert.deepEqual(texts(back, conversationId), KEPT);
      assert.equal(await back.verify(conversationId), false);
      await back.stop();
      await alice.stop();
    });
    const stored = await readFile(storePath, "utf8");
    assert.deepEqual(
      [GONE.filter((text) => stored.includes(text)), KEPT.filter((text) => !stored.includes(text))],
      [[], []],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

function viewOf(
  client: ParleyClient,
  conversationId: ConversationId,
  timeline: Timeline = client.timeline(conversationId)!,
): readonly unknown[] {
  const entry = client.conversations().find((one) => one.conversationId === conversationId)!;
  const { firstVisible, lastSequence, lastMessage } = entry;
  return [
    timeline.messages,
    timeline.isAtBeginning,
    timeline.isAtEnd,
    firstVisible,
    lastSequence,
    lastMessage,
  ];
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < WAIT_TURNS_MAX && !isSo(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
  assert.ok(isSo(), "it did not come");
}
