/** Goal: chat works through a proxy that does not pass WebSockets. Method: a real proxy. */
import { deepEqual, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ParleyClient } from "@parley/client";
import { parseUserId } from "@parley/protocol";
import { DEFAULT_TENANT, type RunningServer } from "@parley/server";
import { HttpProxy, type UpgradePolicy } from "@parley/test-support";
import { signIn, texts, withServer } from "./testing/with-server.js";

/** What a condition may take on a busy machine. */
const WAIT_MS_MAX = 20_000;

async function withProxy(
  t: TestContext,
  upgrades: UpgradePolicy,
  run: (parts: { readonly server: RunningServer; readonly proxy: HttpProxy }) => Promise<void>,
): Promise<void> {
  await withServer(async (server) => {
    const proxy = await HttpProxy.start(server.url);
    t.after(() => proxy.close());
    proxy.upgrades = upgrades;
    await run({ server, proxy });
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  while (!isTrue() && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 10));
  ok(isTrue(), `never: ${isTrue.toString()}`);
}

/** Both say 40 texts at the same time, and both see all of them in the same order. */
async function chat(one: ParleyClient, other: ParleyClient): Promise<void> {
  const id = await one.createGroup({ title: "streams", userIds: [other.self] });
  await until(() => other.conversations().some(({ conversationId }) => conversationId === id));
  await Promise.all([one.open(id), other.open(id)]);
  const said = Array.from({ length: 40 }, (_, index) => `text ${index} ${"x".repeat(index * 200)}`);
  await Promise.all(
    said.flatMap((text) => [one.sendText(id, `one ${text}`), other.sendText(id, `other ${text}`)]),
  );
  await until(() => [one, other].every((client) => texts(client, id).length === 80));
  deepEqual(
    [texts(one, id), texts(one, id).filter((text) => text.startsWith("one"))],
    [texts(other, id), said.map((text) => `one ${text}`)],
  );
}

for (const upgrades of [502, 400] as const)
  test(`a proxy that answers upgrades with ${upgrades}: both ways go over HTTP`, async (t) => {
    await withProxy(t, upgrades, async ({ server, proxy }) => {
      const [alice, bob] = [await signIn(proxy.url, "alice"), await signIn(server.url, "bob")];
      await chat(alice, bob);
      deepEqual(
        [proxy.passed.includes("POST /v1/stream"), proxy.passed.includes("POST /v1/stream/ID")],
        [true, true],
      );
      await alice.stop();
      await until(() => proxy.passed.includes("DELETE /v1/stream/ID"));
      await bob.stop();
      await until(() => server.gateway.connectionCount === 0);
    });
  });

test("a stream is ended as a WebSocket is: revoked, and when the server stops", async (t) => {
  await withProxy(t, 502, async ({ server, proxy }) => {
    const [alice, bob] = [await signIn(proxy.url, "alice"), await signIn(proxy.url, "bob")];
    const codes: unknown[] = [];
    alice.on("connection", ({ state, code }) => state === "signed-out" && codes.push(code));
    bob.on("connection", ({ state, code }) => state === "waiting" && codes.push(code));
    const { parley } = server;
    const tenantId = DEFAULT_TENANT;
    const [session] = await parley.accounts.listSessions(tenantId, parseUserId("alice"));
    await parley.accounts.revoke(tenantId, parseUserId("alice"), session!.sessionId);
    await until(() => codes.length === 1);
    await server.close();
    await until(() => codes.length >= 2);
    deepEqual(codes.slice(0, 2), ["4900", "4000"]);
    await Promise.all([alice.stop(), bob.stop()]);
  });
});

test("a proxy that holds answers back is given up, and the WebSocket is used once it passes", async (t) => {
  await withProxy(t, 502, async ({ server, proxy }) => {
    proxy.isBuffering = true;
    const signing = signIn(proxy.url, "alice", WAIT_MS_MAX * 2);
    await until(() => proxy.passed.includes("POST /v1/stream"));
    proxy.upgrades = "pass";
    const [alice, bob] = [await signing, await signIn(server.url, "bob")];
    await chat(alice, bob);
    deepEqual([proxy.passed.includes("POST /v1/stream/ID"), proxy.upgradedCount], [false, 1]);
    await Promise.all([alice.stop(), bob.stop()]);
  });
});
