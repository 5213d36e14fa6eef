/** Conversations in the whole installation, while the same few people write and look at their lists. */
import { type UserId, parseUserId } from "@parley/protocol";
import { prepareInstallation } from "../../installation.js";
import { RawClient } from "../../load/raw-client.js";
import { Talk } from "../../load/talk.js";
import { diskBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { ServerProcess } from "../../server-process.js";
import type { GrowthAxis, GrowthPlan, Measured } from "../axis.js";
import { withFreshDirectory } from "../fresh-directory.js";
import { measurePages } from "../pages.js";
import { devicesFor, measureSteadily } from "../steady-load.js";
import { addPeople, forEach, stock } from "../stock.js";

/** Everybody has twice as many: those that they began, and those that others began with them. */
const BEGUN_PER_USER = 25;
const PAIRS = 20;
const RATE = 500;
const TEXT_BYTES = 200;
const LIST_PAGE = 50;
const AT_A_TIME = 512;
const TEXT = "See you at the station at nine, and do not forget the tickets this time.";

export const CONVERSATIONS: GrowthAxis = {
  name: "conversations",
  heading: "Conversations",
  of: "conversations of the installation",
  constant: `Everybody is in ${BEGUN_PER_USER * 2} direct chats; ${PAIRS} pairs write ${RATE} messages a second in all, and then page through their lists.`,
  sizes: { quick: [1_000, 5_000, 20_000, 50_000], full: [1_000, 10_000, 100_000, 1_000_000] },
  curves: [
    {
      name: "conversations-send-cpu",
      title: "A send, by conversations of the installation",
      figure: "send_cpu_us",
      subject: {
        name: `A send at ${RATE.toLocaleString("en-US")} a second`,
        verb: "costs the server's processor",
        unit: "µs",
      },
    },
    {
      name: "conversations-list-cpu",
      title: `A page of ${LIST_PAGE} entries of the list`,
      figure: "list_page_cpu_us",
      subject: { name: "A page of the list", verb: "costs the server's processor", unit: "µs" },
    },
    {
      name: "conversations-list",
      title: "A page of the list, p99",
      figure: "list_page_p99_ms",
      subject: { name: "A page of the list, p99,", verb: "takes", unit: "ms" },
      beside: { p50: "list_page_p50_ms" },
    },
  ],
  measure: (size, plan) =>
    withFreshDirectory(plan.directory, (dataDirectory) => measure(size, plan, dataDirectory)),
};

async function measure(size: number, plan: GrowthPlan, dataDirectory: string): Promise<readonly Measured[]> {
  const people = Math.max(PAIRS * 2, Math.ceil(size / BEGUN_PER_USER));
  const userIds = Array.from({ length: people }, (_, index) =>
    parseUserId(`${index % 2 === 0 ? "a" : "b"}${Math.floor(index / 2)}`),
  );
  const active = userIds.slice(0, PAIRS * 2);
  const installation = await prepareInstallation({
    dataDirectory,
    userIds: active,
    devicesPerUser: devicesFor(plan),
  });
  const bytesBefore = diskBytes(dataDirectory);
  await stock(dataDirectory, async (parley, tenantId) => {
    await addPeople(parley, tenantId, userIds.slice(active.length));
    const talk = new Talk(parley);
    await forEach(pairsOf(userIds, size), AT_A_TIME, async ([one, other]) => {
      await talk.send(one, await talk.direct(one, other), TEXT);
    });
  });
  const bytesEach = (diskBytes(dataDirectory) - bytesBefore) / size;
  const server = await ServerProcess.start({ dataDirectory });
  const clients: RawClient[] = [];
  try {
    const load = { pairs: PAIRS, rate: RATE, textBytes: TEXT_BYTES };
    const { windows } = await measureSteadily(server, installation, load, plan);
    for (const userId of active) {
      const token = installation.tokens.get(userId)![0]!;
      clients.push(await RawClient.connect({ url: server.webSocketUrl, token }));
    }
    const { seconds, heatSeconds } = plan;
    const pages: Measured[] = [];
    for (let count = 0; count < plan.windows; count++)
      pages.push(await measurePages(server, clients, { name: "list_page", seconds, heatSeconds, ask: list }));
    const disk = { figures: { disk_bytes_per_conversation: thousandths(bytesEach) }, complaints: [] };
    return [...windows, ...pages, disk];
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  }
}

/** Everybody with the next ones in a circle, so that all have the same number. */
function* pairsOf(userIds: readonly UserId[], count: number): Iterable<readonly [UserId, UserId]> {
  let made = 0;
  for (let step = 1; step <= BEGUN_PER_USER; step++) {
    for (const [index, one] of userIds.entries()) {
      if (made === count) return;
      made += 1;
      yield [one, userIds[(index + step) % userIds.length]!];
    }
  }
}

async function list(client: RawClient): Promise<void> {
  const answer = await client.request("listConversations", { limit: LIST_PAGE });
  if (
    answer.name !== "conversationList" ||
    answer.payload.entries.length < Math.min(LIST_PAGE, BEGUN_PER_USER)
  )
    throw new Error(`That is no page of the list: ${answer.name}`);
}
