import assert from "node:assert/strict";
import { test } from "node:test";
import { type UserId, HISTORY_PAGE_MAX, TEXT_BYTES_MAX } from "@parley/protocol";
import { signIn, texts, withServer } from "./testing/with-server.js";

const GROUPS = 30;

/** A text of the largest size that begins with its number. */
function largestText(index: number): string {
  return `${index} `.padEnd(TEXT_BYTES_MAX, "x");
}

test("a new device gets messages and entries of the largest size, page by page", async () => {
  await withServer(async (server) => {
    const alice = await signIn(server.url, "alice");
    const conversationId = await alice.createDirect("bob" as UserId);
    const sent = Array.from({ length: HISTORY_PAGE_MAX }, (_, index) => largestText(index));
    for (const text of sent) {
      await alice.sendText(conversationId, text);
      await alice.settled(5_000);
    }
    for (let index = 0; index < GROUPS; index++) {
      const group = await alice.createGroup({ title: `Group ${index}`, userIds: [] });
      await alice.sendText(group, largestText(index));
      await alice.settled(5_000);
    }
    const listed = alice.conversations().map((entry) => entry.conversationId);
    await alice.stop();

    const device = await signIn(server.url, "alice");
    let timeline = await device.open(conversationId);
    for (let pages = 0; pages < HISTORY_PAGE_MAX && !timeline.isAtBeginning; pages++)
      timeline = await device.loadOlder(conversationId, HISTORY_PAGE_MAX);
    const seen = texts(device, conversationId).filter((text) => text.length === TEXT_BYTES_MAX);
    const listedHere = device.conversations().map((entry) => entry.conversationId);
    await device.stop();
    assert.ok(listed.length >= GROUPS);
    // In any order: the last event of the first device may still be on its way.
    assert.deepEqual(listedHere.toSorted(), listed.toSorted());
    // Only the numbers: a failure would print megabytes.
    assert.deepEqual(
      seen.map((text) => Number.parseInt(text)),
      sent.map((_, index) => index),
    );
  });
});
