/**
 * What a connected device that says nothing costs: opens many authenticated connections and compares the server's
 * resident memory with and without them, each time after its garbage was collected, without the young generation of its heap.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Installation, prepareInstallation } from "../installation.js";
import { RawClient } from "../load/raw-client.js";
import { settled } from "../load/settled.js";
import { openFilesMax, processCpuSeconds, processRssBytes } from "../process-figures.js";
import { ServerProcess } from "../server-process.js";
import { NO_WATCH, type ServerWatch } from "../server-watch.js";
import type { Figures, Report } from "./direct-report.js";
import { thousandths } from "../rounding.js";

export interface IdlePlan {
  readonly connections: number;
}

const DEVICES_PER_USER = 100;
/** Opened before the first measurement, so that what the first connections load is not counted. */
const WARM_UP_CONNECTIONS = 200;
const CONNECTING_AT_A_TIME = 64;
/** Files that either process needs beside its connections. */
const OTHER_FILES = 200;
const PING_MS = 20_000;
const KILOBYTE = 1024;

export async function measureIdle(
  plan: IdlePlan,
  say: (line: string) => void,
  watch: ServerWatch = NO_WATCH,
): Promise<Report> {
  const needed = plan.connections + WARM_UP_CONNECTIONS + OTHER_FILES;
  if (openFilesMax() < needed) {
    throw new Error(
      `A process may open ${openFilesMax()} files here and ${needed} are needed: run "ulimit -n ${needed}".`,
    );
  }
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const clients: RawClient[] = [];
  const pings = setInterval(() => {
    for (const client of clients) client.write("ping", {});
  }, PING_MS);
  let server: ServerProcess | undefined;
  try {
    const total = plan.connections + WARM_UP_CONNECTIONS;
    say(`making ${total} devices`);
    const installation = await prepareInstallation({
      dataDirectory,
      userIds: Array.from({ length: Math.ceil(total / DEVICES_PER_USER) }, (_, user) => `user${user}`),
      devicesPerUser: DEVICES_PER_USER,
    });
    const tokens = tokensOf(installation).slice(0, total);
    server = await ServerProcess.start({
      dataDirectory,
      nodeArguments: ["--expose-gc", ...watch.nodeArguments],
    });
    await connect(tokens.slice(0, WARM_UP_CONNECTIONS), server.webSocketUrl, clients);
    const before = await settle(server);
    say(`connecting ${plan.connections} devices`);
    await watch.begin(server);
    const beganMs = performance.now();
    const cpuBefore = processCpuSeconds(server.pid);
    await connect(tokens.slice(WARM_UP_CONNECTIONS), server.webSocketUrl, clients);
    const connectSeconds = (performance.now() - beganMs) / 1000;
    const cpuSeconds = processCpuSeconds(server.pid) - cpuBefore;
    await watch.end();
    const peakBytes = processRssBytes(server.pid);
    const after = await settle(server);
    const complaints =
      after.connections === total
        ? []
        : [`The server counts ${after.connections} connections instead of ${total}.`];
    if (after.rssBytes <= before.rssBytes)
      complaints.push("The server's memory did not grow: nothing was measured.");
    const figures = {
      connections: after.connections - before.connections,
      ...memoryOf(plan, { before, after, peakBytes }),
      connects_per_s: thousandths(plan.connections / connectSeconds),
      server_cpu_ms_per_connect: thousandths((cpuSeconds * 1000) / plan.connections),
      warm_up_connections: WARM_UP_CONNECTIONS,
      node: process.version,
    };
    return { figures, complaints };
  } finally {
    clearInterval(pings);
    await Promise.all(clients.map((client) => client.close()));
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

function memoryOf(
  { connections }: IdlePlan,
  {
    before,
    after,
    peakBytes,
  }: { readonly before: Settled; readonly after: Settled; readonly peakBytes: number },
): Figures {
  const kilobytes = (bytes: number): number => thousandths(bytes / KILOBYTE / connections);
  return {
    kb_per_connection: kilobytes(after.rssBytes - after.youngBytes - (before.rssBytes - before.youngBytes)),
    heap_kb_per_connection: kilobytes(after.heapBytes - before.heapBytes),
    peak_kb_per_connection: kilobytes(peakBytes - before.rssBytes),
    server_rss_mb_before: thousandths(before.rssBytes / KILOBYTE / KILOBYTE),
    server_rss_mb: thousandths(after.rssBytes / KILOBYTE / KILOBYTE),
    server_young_mb: thousandths(after.youngBytes / KILOBYTE / KILOBYTE),
  };
}

function tokensOf(installation: Installation): string[] {
  return [...installation.tokens.values()].flat();
}

async function connect(tokens: readonly string[], url: string, clients: RawClient[]): Promise<void> {
  const rest = tokens.values();
  const worker = async (): Promise<void> => {
    for (const token of rest) clients.push(await RawClient.connect({ url, token }));
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, worker));
}

interface Settled {
  readonly rssBytes: number;
  /** Of these, what the server keeps for what comes and goes, whoever is connected. */
  readonly youngBytes: number;
  readonly heapBytes: number;
  readonly connections: number;
}

/** Waits until what the connections began is done, and has the server collect its garbage twice. */
async function settle(server: ServerProcess): Promise<Settled> {
  const { heapUsed, youngBytes, connectionCount } = await settled(() => server.collectGarbage());
  const rssBytes = processRssBytes(server.pid);
  return { rssBytes, youngBytes, heapBytes: heapUsed, connections: connectionCount };
}
