/** Redis as a relay that people build chats on: a stream for each user, in memory and in a log that is synced every second. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, freePort } from "../child.js";
import { findInstalled } from "../installed.js";
import type { Peer, PeerServer, StartOptions } from "../peer.js";
import { RedisClient } from "./client.js";

export const redis: Peer = {
  name: "redis",
  kind: "broker",
  hasAcks: true,
  keepsMissed: true,
  promise: "Acknowledges after a write to its log, which it syncs every second; all of it stays in memory.",
  find: () =>
    findInstalled({
      command: ["redis-server", "--version"],
      version: /v=(\S+)/,
      packageName: "redis-server",
    }),
  start: (options) => start(options),
};

async function start({ directory, core }: StartOptions): Promise<PeerServer> {
  const port = await freePort();
  const configuration = configurationOf(directory, port);
  const path = join(directory, "redis.conf");
  writeFileSync(path, configuration);
  const child = await Child.start({ command: ["redis-server", path], directory, port, core });
  return {
    pid: child.pid,
    configuration,
    connect: (wanted) => RedisClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    stop: () => child.stop(),
  };
}

/** Without snapshots, which would be a second way to keep the same. */
function configurationOf(directory: string, port: number): string {
  return `port ${port}
bind 127.0.0.1
dir ${directory}
appendonly yes
appendfsync everysec
save ""
daemonize no
loglevel warning
maxclients 30000
tcp-backlog 4096
`;
}
