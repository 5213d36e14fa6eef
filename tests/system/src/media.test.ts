/** Files between people: uploaded and sent by the SDK, seen by others as the server found them, read until they are recalled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { type Message, type UserId, mediaOf } from "@parley/protocol";
import type { ParleyClient } from "@parley/client";
import { DEMO_USERS } from "@parley/server";
import { signIn, withServer } from "./testing/with-server.js";

/** The smallest PNG: one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const WAIT_TURNS_MAX = 500;

async function newest(
  client: ParleyClient,
  conversationId: Message["conversationId"],
  isIt: (message: Message) => boolean,
): Promise<Message> {
  for (let turn = 0; turn < WAIT_TURNS_MAX; turn++) {
    const found = client.timeline(conversationId)?.messages.findLast(isIt);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("The message did not come.");
}

test("a picture is sent, seen with its thumbnail, refused to others, and gone when it is recalled", async () => {
  await withServer(async (server) => {
    const alice = await signIn(server.url, "alice");
    const bob = await signIn(server.url, "bob");
    const other = DEMO_USERS.find(({ userId }) => userId !== "alice" && userId !== "bob")!;
    const stranger = await signIn(server.url, other.userId);
    const conversationId = await alice.createDirect("bob" as UserId);
    await alice.open(conversationId);
    await bob.open(conversationId);
    const content = new File([PNG], "pixel.png", { type: "image/png" });
    const { upload, message } = alice.sendMedia(
      conversationId,
      { name: content.name, type: content.type, content },
      { caption: "A pixel" },
    );
    await message;
    await alice.settled(5_000);
    const seen = await newest(bob, conversationId, ({ body }) => mediaOf(body).length > 0);
    const own = await newest(alice, conversationId, ({ body }) => mediaOf(body).length > 0);
    assert.deepEqual(own, seen);
    const { mediaId } = upload;
    assert.deepEqual(seen.body?.media, {
      mediaId,
      kind: "image",
      name: "pixel.png",
      type: "image/png",
      bytes: PNG.length,
      width: 1,
      height: 1,
      durationMs: 0,
      hasThumbnail: true,
      caption: "A pixel",
    });
    const whole = await bob.fetchMedia(seen);
    const small = await bob.fetchMedia(seen, { isThumbnail: true });
    assert.deepEqual(
      [whole.type, Buffer.from(whole.bytes).equals(PNG), small.type],
      ["image/png", true, "image/webp"],
    );
    const refused = await stranger.fetchMedia(seen).then(() => "read", failureCode);
    await alice.recall(conversationId, seen.sequence);
    const recalled = await bob.fetchMedia(seen).then(() => "read", failureCode);
    assert.deepEqual([refused, recalled], ["not-a-member", "message-recalled"]);
    for (const client of [alice, bob, stranger]) await client.stop();
  });
});
