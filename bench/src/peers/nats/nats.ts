/** NATS with JetStream: streams in files, a durable consumer for each user. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, freePort } from "../child.js";
import { findInstalled } from "../installed.js";
import type { Peer, PeerServer, StartOptions } from "../peer.js";
import { NatsClient } from "./client.js";

export const nats: Peer = {
  name: "nats",
  kind: "broker",
  hasAcks: true,
  keepsMissed: true,
  promise:
    "Acknowledges after a write to a file, which it syncs every two minutes (sync_interval, its default).",
  find: () =>
    findInstalled({
      command: ["nats-server", "--version"],
      version: /v(\d\S*)/,
      packageName: "nats-server",
    }),
  start: (options) => start(options),
};

async function start({ directory, core }: StartOptions): Promise<PeerServer> {
  const port = await freePort();
  const configuration = `listen: "127.0.0.1:${port}"\njetstream {\n  store_dir: "${directory}/jetstream"\n}\n`;
  const path = join(directory, "nats.conf");
  writeFileSync(path, configuration);
  const child = await Child.start({ command: ["nats-server", "-c", path], directory, port, core });
  try {
    await NatsClient.makeStreams(port);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    pid: child.pid,
    configuration,
    connect: (wanted) => NatsClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    stop: () => child.stop(),
  };
}
