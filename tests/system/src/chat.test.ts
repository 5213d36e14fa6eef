import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import { createNodeClient, login } from "@parley/client/node";
import type { ParleyClient } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import { DEMO_PASSWORD, type RunningServer, parseConfig, startServer } from "@parley/server";

async function withServer(
  run: (server: RunningServer, restart: () => Promise<RunningServer>) => Promise<void>,
): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "parley-server-"));
  const config = parseConfig(["--data", data, "--port", "0", "--reserve-mb", "0"], {});
  const onFatal = (error: unknown): void => {
    throw error;
  };
  let server = await startServer(config, systemAmbient(), onFatal);
  const restart = async (): Promise<RunningServer> => {
    await server.close();
    server = await startServer(config, systemAmbient(), onFatal);
    return server;
  };
  try {
    await run(server, restart);
  } finally {
    await server.close();
    await rm(data, { recursive: true });
  }
}

async function signIn(url: string, user: string): Promise<ParleyClient> {
  const { token, userId, deviceId } = await login(url, { user, password: DEMO_PASSWORD, device: "test" });
  const client = createNodeClient({ url, token, userId, deviceId });
  await client.start();
  await client.settled(5_000);
  return client;
}

function texts(client: ParleyClient, conversationId: ConversationId): string[] {
  return (client.timeline(conversationId)?.messages ?? []).flatMap(
    (message) => message.body?.text?.text ?? [],
  );
}

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
