/** Sessions that end while their devices are connected, through the real server, HTTP and WebSockets. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import type { ParleyClient } from "@parley/client";
import { createNodeClient, login } from "@parley/client/node";
import type { UserId } from "@parley/protocol";
import { DEFAULT_TENANT, DEMO_PASSWORD, type RunningServer, parseConfig, startServer } from "@parley/server";

/** What is promised: the live connections of a session are closed this soon after it has ended. */
const CLOSED_WITHIN_MS = 2_000;
const ALICE = "alice" as UserId;

interface Device {
  readonly client: ParleyClient;
  readonly token: string;
  readonly sessionId: string;
}

const ENDINGS: readonly (readonly [
  string,
  (server: RunningServer, device: Device, other: Device) => Promise<unknown>,
])[] = [
  [
    "another session of the user ends it",
    (server, device, other) => request(server, "DELETE", `/v1/sessions/${device.sessionId}`, other.token),
  ],
  ["it signs out", (server, device) => request(server, "POST", "/v1/logout", device.token)],
  [
    "the password is changed",
    ({ parley }) => parley.accounts.setPassword(DEFAULT_TENANT, ALICE, "another horse"),
  ],
  ["the account is disabled", ({ parley }) => parley.accounts.setDisabled(DEFAULT_TENANT, ALICE, true)],
];

for (const [what, end] of ENDINGS) {
  test(`when ${what}, a live connection is closed for good within two seconds, and the token opens no other`, async () => {
    await withServer(async (server) => {
      const [device, other] = [await connect(server, "alice"), await connect(server, "alice")];
      const bystander = await connect(server, "bob");
      const closed = signedOut(device.client);
      await end(server, device, other);
      await closed;
      const again = createNodeClient({ url: server.url, token: device.token, userId: ALICE });
      const refused = signedOut(again);
      await again.start();
      await refused;
      assert.equal(bystander.client.state, "live");
      for (const client of [device.client, other.client, bystander.client, again]) await client.stop();
    });
  });
}

async function withServer(run: (server: RunningServer) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "parley-sessions-"));
  const config = parseConfig(["--data", data, "--port", "0", "--reserve-mb", "0"], {});
  const server = await startServer(config, systemAmbient(), (error: unknown) => {
    throw error;
  });
  try {
    await run(server);
  } finally {
    await server.close();
    await rm(data, { recursive: true });
  }
}

async function connect({ url, parley }: RunningServer, user: string): Promise<Device> {
  const { token, userId, deviceId } = await login(url, {
    user,
    password: DEMO_PASSWORD,
    device: "test",
  });
  const client = createNodeClient({ url, token, userId, deviceId });
  await client.start();
  await client.settled(5_000);
  return { client, token, sessionId: (await parley.accounts.verify(token)).sessionId };
}

async function request(server: RunningServer, method: string, path: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const { status } = await fetch(new URL(path, server.url), { method, headers });
  assert.equal(status, 204);
}

/** Resolves when the client is told that its session has ended. */
function signedOut(client: ParleyClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("The connection stayed open.")), CLOSED_WITHIN_MS);
    client.on("connection", ({ state }) => {
      if (state !== "signed-out") return;
      clearTimeout(late);
      resolve();
    });
  });
}
