/** The ceiling of this runtime as a system of the measurement: see relay.ts for what it does and what it leaves out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause } from "../../pause.js";
import { NODE_FLAGS } from "../../server-process.js";
import { Child, freePort } from "../child.js";
import type { Peer, PeerServer, StartOptions } from "../peer.js";
import { LimitClient } from "./client.js";
import { YOUNG_SUFFIX } from "./young.js";

const COLLECT_MS = 500;

/** With a sync before every acknowledgement, or without. */
export function limit(isSynced: boolean): Peer {
  return {
    name: isSynced ? "limit" : "limit-no-sync",
    kind: "limit",
    hasAcks: true,
    keepsMissed: false,
    promise: isSynced
      ? "Acknowledges after fdatasync of one file, which nothing reads; knows no rights, no queues and nobody who is away."
      : "The same with a write and no sync.",
    find: () => ({ version: `Node ${process.version}` }),
    start: (options) => start(options, isSynced),
  };
}

async function start({ directory, core }: StartOptions, isSynced: boolean): Promise<PeerServer> {
  const port = await freePort();
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const file = join(directory, "messages");
  const settings = [String(port), file, isSynced ? "synced" : "unsynced"];
  const command = [process.execPath, ...NODE_FLAGS, "--expose-gc", main, ...settings];
  const child = await Child.start({ command, directory, port, core });
  return {
    pid: child.pid,
    configuration: `node ${NODE_FLAGS.join(" ")} main.js PORT FILE ${settings[2]}`,
    connect: (wanted) => LimitClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    collectGarbage: async () => {
      process.kill(child.pid, "SIGUSR2");
      await pause(COLLECT_MS);
      return Number(readFileSync(`${file}${YOUNG_SUFFIX}`, "utf8"));
    },
    stop: () => child.stop(),
  };
}
