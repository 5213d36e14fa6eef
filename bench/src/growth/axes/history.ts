/** Messages in the history of the conversations that people write in and read. */
import { type ConversationId, type TenantId, parseConversationId, parseUserId } from "@parley/protocol";
import type { Parley } from "@parley/server";
import { type Installation, prepareInstallation } from "../../installation.js";
import { RawClient } from "../../load/raw-client.js";
import { diskBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { userIdsOf } from "../../scenarios/direct.js";
import { whatIsSaid } from "../../searching/said.js";
import { seededUnit } from "../../seeded-unit.js";
import { ServerProcess } from "../../server-process.js";
import type { GrowthAxis, GrowthPlan, Measured } from "../axis.js";
import { withFreshDirectory } from "../fresh-directory.js";
import { measurePages } from "../pages.js";
import { devicesFor, measureSteadily } from "../steady-load.js";
import { forEach, stock } from "../stock.js";

/** Each pair has a group of two, with its share of the history. */
const PAIRS = 50;
const RATE = 500;
const TEXT_BYTES = 200;
const PAGE = 50;
/** As `parley import-irc` does it. */
const IMPORTED_AT_A_TIME = 200;
const GROUPS_AT_A_TIME = 8;
const START_MS = 1_700_000_000_000;
const STEP_MS = 1_000;
/** Texts that are said again and again. */
const TEXTS = 100_000;

const cpu = { verb: "costs the server's processor", unit: "µs" } as const;

export const HISTORY: GrowthAxis = {
  name: "history",
  heading: "History",
  of: "messages of history",
  constant: `${PAIRS} conversations share the history; in them ${RATE} messages of ${TEXT_BYTES} bytes are sent a second, and then pages of ${PAGE} are read.`,
  sizes: {
    quick: [10_000, 30_000, 100_000, 200_000, 500_000],
    full: [10_000, 100_000, 500_000, 2_000_000, 5_000_000, 20_000_000],
  },
  curves: [
    {
      name: "history-send-cpu",
      title: "A send, by messages of history",
      figure: "send_cpu_us",
      subject: { name: `A send at ${RATE.toLocaleString("en-US")} a second`, ...cpu },
    },
    {
      name: "history-newest-cpu",
      title: `The newest ${PAGE} messages`,
      figure: "newest_page_cpu_us",
      subject: { name: "The newest page", ...cpu },
    },
    {
      name: "history-deep-cpu",
      title: `${PAGE} messages in the older half`,
      figure: "deep_page_cpu_us",
      subject: { name: "A page deep in the history", ...cpu },
    },
    {
      name: "history-deep",
      title: "A page deep in the history, p99",
      figure: "deep_page_p99_ms",
      subject: { name: "A page deep in the history, p99,", verb: "takes", unit: "ms" },
      beside: { p50: "deep_page_p50_ms" },
    },
    {
      name: "history-disk",
      title: "Disk of a message",
      figure: "disk_bytes_per_message",
      subject: { name: "A message", verb: "takes on the disk", unit: "bytes" },
    },
    {
      name: "history-start",
      title: "Start of the server",
      figure: "start_ms",
      subject: { name: "The server's start", verb: "takes", unit: "ms" },
    },
  ],
  measure: (size, plan) =>
    withFreshDirectory(plan.directory, (dataDirectory) => measure(size, plan, dataDirectory)),
};

async function measure(size: number, plan: GrowthPlan, dataDirectory: string): Promise<readonly Measured[]> {
  const userIds = userIdsOf(PAIRS);
  const installation = await prepareInstallation({
    dataDirectory,
    userIds,
    devicesPerUser: devicesFor(plan),
  });
  const bytesBefore = diskBytes(dataDirectory);
  await stock(dataDirectory, (parley, tenantId) => bringIn(parley, tenantId, size));
  const bytesEach = (diskBytes(dataDirectory) - bytesBefore) / size;
  const starts: Measured[] = [];
  for (let count = 1; count < plan.windows; count++) {
    const { server, took } = await startTimed(dataDirectory);
    starts.push(took);
    await server.stop();
  }
  const { server, took } = await startTimed(dataDirectory);
  try {
    const load = { pairs: PAIRS, rate: RATE, textBytes: TEXT_BYTES, conversationOf: groupOf };
    const { windows } = await measureSteadily(server, installation, load, plan);
    const pages = await readPages(server, installation, { size, plan });
    const disk = { figures: { disk_bytes_per_message: thousandths(bytesEach) }, complaints: [] };
    return [...starts, took, ...windows, ...pages, disk];
  } finally {
    await server.stop();
  }
}

/** Through the importing service, as `parley import-irc` brings in what others have said elsewhere. */
async function bringIn({ importing }: Parley, tenantId: TenantId, size: number): Promise<void> {
  const { texts } = whatIsSaid(Math.min(size, TEXTS));
  const each = Math.ceil(size / PAIRS);
  const pairs = Array.from({ length: PAIRS }, (_, pair) => pair);
  await forEach(pairs, GROUPS_AT_A_TIME, async (pair) => {
    const conversationId = groupOf(pair);
    const userIds = [parseUserId(`a${pair}`), parseUserId(`b${pair}`)];
    const group = { conversationId, title: `Pair ${pair}`, userIds, timeMs: START_MS };
    await importing.openImportedGroup(tenantId, group);
    for (let index = 0; index < each; index += IMPORTED_AT_A_TIME) {
      const items = Array.from({ length: Math.min(IMPORTED_AT_A_TIME, each - index) }, (_, place) => ({
        senderId: userIds[(index + place) % 2]!,
        timeMs: START_MS + (index + place) * STEP_MS,
        text: texts[(pair * 997 + index + place) % texts.length]!,
      }));
      const isLast = index + items.length === each;
      await importing.importHistory(tenantId, conversationId, { index, items, isLast });
    }
  });
}

async function startTimed(
  dataDirectory: string,
): Promise<{ readonly server: ServerProcess; readonly took: Measured }> {
  const beganMs = performance.now();
  const server = await ServerProcess.start({ dataDirectory });
  const tookMs = thousandths(performance.now() - beganMs);
  return { server, took: { figures: { start_ms: tookMs }, complaints: [] } };
}

async function readPages(
  server: ServerProcess,
  { tokens }: Installation,
  { size, plan }: { readonly size: number; readonly plan: GrowthPlan },
): Promise<readonly Measured[]> {
  const clients: RawClient[] = [];
  const each = Math.ceil(size / PAIRS);
  const unit = seededUnit(plan.seed);
  const ask = async (client: RawClient, count: number, before: number): Promise<void> => {
    const conversationId = groupOf(count % PAIRS);
    const answer = await client.request("getHistory", { conversationId, before, limit: PAGE });
    if (answer.name !== "historyPage" || answer.payload.messages.length !== PAGE)
      throw new Error(`That is no page of ${PAGE} messages: ${answer.name}`);
  };
  const deep = (): number => PAGE + 2 + Math.floor(unit() * Math.max(1, each / 2 - PAGE));
  const { seconds, heatSeconds } = plan;
  try {
    for (let pair = 0; pair < PAIRS; pair++) {
      const token = tokens.get(parseUserId(`b${pair}`))![0]!;
      clients.push(await RawClient.connect({ url: server.webSocketUrl, token }));
    }
    const pages: Measured[] = [];
    for (let round = 0; round < plan.windows; round++) {
      const newest = (client: RawClient, count: number): Promise<void> => ask(client, count, 0);
      const older = (client: RawClient, count: number): Promise<void> => ask(client, count, deep());
      pages.push(
        await measurePages(server, clients, { name: "newest_page", seconds, heatSeconds, ask: newest }),
      );
      pages.push(
        await measurePages(server, clients, { name: "deep_page", seconds, heatSeconds, ask: older }),
      );
    }
    return pages;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

function groupOf(pair: number): ConversationId {
  return parseConversationId(`g:history-${pair}`);
}
