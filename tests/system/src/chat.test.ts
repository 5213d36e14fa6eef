import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import { signIn, texts, withServer } from "./testing/with-server.js";

test("two people chat, both see the same order, and it survives a restart", async () => {
  await withServer(async (server, restart) => {
    const alice = await signIn(server.url, "alice");
    const bob = await signIn(server.url, "bob");
    const conversationId = await alice.createDirect("bob" as UserId);
    await alice.open(conversationId);
    await bob.open(conversationId);
    for (let index = 0; index < 20; index++) {
      await (index % 2 === 0 ? alice : bob).sendText(conversationId, `message ${index}`);
    }
    await alice.settled(5_000);
    await bob.settled(5_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const seen = texts(alice, conversationId);
    assert.equal(seen.length, 23);
    assert.deepEqual(texts(bob, conversationId), seen);
    await alice.stop();
    await bob.stop();

    const again = await restart();
    const dana = await signIn(again.url, "alice");
    await dana.open(conversationId);
    assert.deepEqual(texts(dana, conversationId), seen);
    await dana.stop();
  });
});
