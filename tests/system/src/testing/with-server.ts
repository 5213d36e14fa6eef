/** A server of the demo organisation on a free port, and its people. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { createNodeClient, login } from "@parley/client/node";
import type { ParleyClient } from "@parley/client";
import type { ConversationId } from "@parley/protocol";
import { DEMO_PASSWORD, type RunningServer, parseConfig, startServer } from "@parley/server";

/** Runs with a server on a new data directory; `restart` starts it again on the same one. */
export async function withServer(
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

/** A device of a demo user without a store, connected and up to date. */
export async function signIn(url: string, user: string, withinMs = 5_000): Promise<ParleyClient> {
  const { token, userId, deviceId } = await login(url, { user, password: DEMO_PASSWORD, device: "test" });
  const client = createNodeClient({ url, token, userId, deviceId });
  await client.start();
  await client.settled(withinMs);
  return client;
}

/** The texts of an open timeline. */
export function texts(client: ParleyClient, conversationId: ConversationId): string[] {
  return (client.timeline(conversationId)?.messages ?? []).flatMap(
    (message) => message.body?.text?.text ?? [],
  );
}
