/** What a user costs who is logged in and says nothing: memory of the server with many of them and with few. */
import { settled } from "../../load/settled.js";
import { openFilesMax, treeMemoryBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import type { PeerClient, PeerServer } from "../peer.js";
import { Faults, type Measured, type Stage, forUsers, read } from "./stage.js";

export interface IdlePlan {
  readonly connections: number;
}

/** Connected before the first measurement, so that what the first ones load is not counted. */
export const WARM_UP_CONNECTIONS = 200;
/** Files that either process needs beside its connections. */
const OTHER_FILES = 200;
const PING_MS = 20_000;
const KILOBYTE = 1024;

export async function runIdle({ connections }: IdlePlan, { server }: Stage): Promise<Measured> {
  const total = connections + WARM_UP_CONNECTIONS;
  const needed = total + OTHER_FILES;
  if (openFilesMax() < needed)
    throw new Error(`${needed} open files are needed: run "ulimit -n ${needed}" before.`);
  const faults = new Faults();
  const clients: PeerClient[] = [];
  const handlers = { onAck: () => undefined, onMessage: () => undefined, onFault: faults.add };
  const connect = async (user: number): Promise<void> => {
    clients.push(await server.connect({ user, handlers }));
  };
  const pings = setInterval(() => {
    for (const client of clients) client.ping();
  }, PING_MS);
  try {
    await forUsers([0, WARM_UP_CONNECTIONS], connect);
    const before = await settle(server);
    const begin = read(server);
    await forUsers([WARM_UP_CONNECTIONS, total], connect);
    const end = read(server);
    const after = await settle(server);
    const seconds = (end.atMs - begin.atMs) / 1000;
    const held = after.bytes - after.youngBytes - (before.bytes - before.youngBytes);
    const cpuSeconds = end.serverCpuSeconds - begin.serverCpuSeconds;
    return {
      figures: {
        kb_per_connection: thousandths(held / KILOBYTE / connections),
        connects_per_s: thousandths(connections / seconds),
        server_cpu_ms_per_connect: thousandths((cpuSeconds * 1000) / connections),
        server_mb: thousandths(after.bytes / KILOBYTE / KILOBYTE),
        young_mb: thousandths(after.youngBytes / KILOBYTE / KILOBYTE),
        connections,
      },
      faults: faults.list(),
    };
  } finally {
    clearInterval(pings);
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Waits until what the connections began is done. Returns the memory that is left then, and how much of it comes with no connection. */
async function settle(server: PeerServer): Promise<{ readonly bytes: number; readonly youngBytes: number }> {
  const youngBytes = await settled(async () => (await server.collectGarbage?.()) ?? 0);
  return { bytes: treeMemoryBytes(server.pid), youngBytes };
}
