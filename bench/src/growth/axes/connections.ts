/** Connected devices that say nothing, beside a constant load. */
import { parseUserId } from "@parley/protocol";
import { prepareInstallation } from "../../installation.js";
import { RawClient } from "../../load/raw-client.js";
import { settled } from "../../load/settled.js";
import { openFilesMax, processRssBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { userIdsOf } from "../../scenarios/direct.js";
import { ServerProcess } from "../../server-process.js";
import type { GrowthAxis, GrowthPlan, Measured } from "../axis.js";
import { withFreshDirectory } from "../fresh-directory.js";
import { devicesFor, measureSteadily } from "../steady-load.js";
import { forEach } from "../stock.js";

const PAIRS = 50;
const RATE = 1_000;
const TEXT_BYTES = 200;
const DEVICES_PER_USER = 100;
const CONNECTING_AT_A_TIME = 64;
const SETTLE_MS = 1_000;
/** Files that either process needs beside its connections. */
const OTHER_FILES = 400;
const PING_MS = 20_000;
const KILOBYTE = 1024;
const MEGABYTE = KILOBYTE * KILOBYTE;

export const CONNECTIONS: GrowthAxis = {
  name: "connections",
  heading: "Connections",
  of: "idle connections",
  constant: `${PAIRS} pairs write ${RATE.toLocaleString("en-US")} messages of ${TEXT_BYTES} bytes a second in all.`,
  sizes: { quick: [100, 300, 1_000, 2_000, 5_000], full: [100, 500, 1_000, 5_000, 10_000, 20_000] },
  curves: [
    {
      name: "connections-deliver",
      title: "Delivery beside idle connections, p99",
      figure: "deliver_p99_ms",
      subject: {
        name: `Delivery at ${RATE.toLocaleString("en-US")} a second, p99,`,
        verb: "takes",
        unit: "ms",
      },
      beside: { p50: "deliver_p50_ms" },
    },
    {
      name: "connections-cpu",
      title: "A send beside idle connections",
      figure: "send_cpu_us",
      subject: {
        name: `A send at ${RATE.toLocaleString("en-US")} a second`,
        verb: "costs the server's processor",
        unit: "µs",
      },
    },
    {
      name: "connections-memory",
      title: "Memory of the server, without the young generation",
      figure: "settled_rss_mb",
      subject: { name: "The server", verb: "takes in memory, without its young generation,", unit: "MB" },
    },
  ],
  measure: (size, plan) =>
    withFreshDirectory(plan.directory, (dataDirectory) => measure(size, plan, dataDirectory)),
};

async function measure(size: number, plan: GrowthPlan, dataDirectory: string): Promise<readonly Measured[]> {
  const needed = size + PAIRS * 2 + OTHER_FILES;
  if (openFilesMax() < needed)
    throw new Error(`A process may open ${openFilesMax()} files here: run "ulimit -n ${needed}".`);
  const idle = Array.from({ length: Math.ceil(size / DEVICES_PER_USER) }, (_, index) => `i${index}`);
  const writers = await prepareInstallation({
    dataDirectory,
    userIds: userIdsOf(PAIRS),
    devicesPerUser: devicesFor(plan),
  });
  const { tokens } = await prepareInstallation({
    dataDirectory,
    userIds: idle,
    devicesPerUser: DEVICES_PER_USER,
  });
  const idleTokens = idle.flatMap((userId) => tokens.get(parseUserId(userId))!).slice(0, size);
  const server = await ServerProcess.start({ dataDirectory, nodeArguments: ["--expose-gc"] });
  const clients: RawClient[] = [];
  const pings = setInterval(() => {
    for (const client of clients) client.write("ping", {});
  }, PING_MS);
  try {
    const before = await settledBytes(server);
    await forEach(idleTokens, CONNECTING_AT_A_TIME, async (token) => {
      clients.push(await RawClient.connect({ url: server.webSocketUrl, token }));
    });
    const after = await settledBytes(server);
    const { connectionCount } = await server.stats();
    const memory = {
      figures: {
        settled_rss_mb: thousandths(after / MEGABYTE),
        connection_kb: thousandths((after - before) / KILOBYTE / size),
      },
      complaints: connectionCount === size ? [] : [`The server counts ${connectionCount} connections.`],
    };
    const load = { pairs: PAIRS, rate: RATE, textBytes: TEXT_BYTES };
    const { windows } = await measureSteadily(server, writers, load, plan);
    return [memory, ...windows];
  } finally {
    clearInterval(pings);
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  }
}

/** Resident memory when what was begun is done and garbage is collected, without the young generation, which comes with no connection. */
async function settledBytes(server: ServerProcess): Promise<number> {
  const { youngBytes } = await settled(() => server.collectGarbage(), SETTLE_MS);
  return processRssBytes(server.pid) - youngBytes;
}
