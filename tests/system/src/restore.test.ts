/** Goal: devices that are ahead of a restored installation come to see what it has, and nothing of what it lost. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import { type Login, type NodeClientOptions, createNodeClient, login } from "@parley/client/node";
import type { ParleyClient } from "@parley/client";
import type { UserId } from "@parley/protocol";
import { DEMO_PASSWORD, type RunningServer, parseConfig, startServer } from "@parley/server";
import { runParley } from "./testing/run-parley.js";
import { texts } from "./testing/with-server.js";

const SETTLED_MS_MAX = 10_000;

test("a device that is ahead of a restored installation forgets what was lost and sees what came instead", async () => {
  const root = await mkdtemp(join(tmpdir(), "parley-restore-"));
  const [data, backup, restored] = ["data", "backup", "restored"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const first = await serve(data);
  const bobStore = join(root, "bob.store");
  const bobLogin = await login(first.url, { user: "bob", password: DEMO_PASSWORD, device: "phone" });
  const bob = await device(first.url, bobLogin, bobStore);
  const alice = await device(
    first.url,
    await login(first.url, { user: "alice", password: DEMO_PASSWORD, device: "desk" }),
  );
  const conversationId = await alice.createDirect("bob" as UserId);
  await alice.sendText(conversationId, "kept");
  await alice.settled(SETTLED_MS_MAX);
  assert.equal((await runParley(["backup", backup, "--data", data, "--json"])).exitCode, 0);
  for (const text of ["lost 1", "lost 2", "lost 3"]) await alice.sendText(conversationId, text);
  await alice.settled(SETTLED_MS_MAX);
  await bob.open(conversationId);
  await until(() => texts(bob, conversationId).includes("lost 3"));
  await bob.stop();
  await alice.stop();
  await first.close();

  assert.equal((await runParley(["backup", "verify", backup])).exitCode, 0);
  assert.equal((await runParley(["restore", "--from", backup, "--data-dir", restored])).exitCode, 0);
  // A backup never holds the master key: who restores it has that from elsewhere.
  await copyFile(join(data, "keys", "master.key"), join(restored, "keys", "master.key"));
  const second = await serve(restored);
  try {
    const other = await device(
      second.url,
      await login(second.url, { user: "alice", password: DEMO_PASSWORD, device: "new" }),
    );
    await other.open(conversationId);
    for (const text of ["new 1", "new 2"]) await other.sendText(conversationId, text);
    await other.settled(SETTLED_MS_MAX);
    const again = await device(second.url, bobLogin, bobStore);
    await again.open(conversationId);
    await until(() => texts(again, conversationId).includes("new 2"));
    const seen = texts(again, conversationId);
    assert.deepEqual(seen, texts(other, conversationId));
    assert.deepEqual(seen.slice(-3), ["kept", "new 1", "new 2"]);
    await again.sendText(conversationId, "answer");
    await again.settled(SETTLED_MS_MAX);
    await until(() => texts(other, conversationId).at(-1) === "answer");
    await Promise.all([again.stop(), other.stop()]);
  } finally {
    await second.close();
    await rm(root, { recursive: true });
  }
});

async function serve(data: string): Promise<RunningServer> {
  const config = parseConfig(["--data", data, "--port", "0", "--reserve-mb", "0"], {});
  return startServer(config, systemAmbient(), (error) => {
    throw error;
  });
}

async function device(
  url: string,
  { token, userId, deviceId }: Login,
  storePath?: string,
): Promise<ParleyClient> {
  const options: NodeClientOptions = { url, token, userId, deviceId };
  const client = createNodeClient(storePath === undefined ? options : { ...options, storePath });
  await client.start();
  await client.settled(SETTLED_MS_MAX);
  return client;
}

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = performance.now() + SETTLED_MS_MAX;
  while (!isTrue()) {
    assert.ok(performance.now() < endMs, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
