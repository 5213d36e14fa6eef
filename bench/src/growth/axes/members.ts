/** Members of one group, of which the same number of devices is connected. */
import { type UserId, parseUserId } from "@parley/protocol";
import { type Installation, prepareInstallation } from "../../installation.js";
import { RawClient } from "../../load/raw-client.js";
import { pause } from "../../pause.js";
import { thousandths } from "../../rounding.js";
import { GroupLoad, makeGroup } from "../../scenarios/group.js";
import { ServerProcess } from "../../server-process.js";
import type { GrowthAxis, GrowthPlan, Measured } from "../axis.js";
import { withFreshDirectory } from "../fresh-directory.js";
import { addPeople, stock } from "../stock.js";
import { MeasuredWindow } from "../window.js";

const DEVICES_ONLINE = 100;
/** Messages a second. */
const RATE = 50;
const TEXT_BYTES = 200;
/** A group up to this many members is told to each of them; a larger one keeps what all are told once. */
const SMALL_MEMBERS_MAX = 200;

const send = { verb: "costs the server's processor", unit: "µs" } as const;
const deliver = { verb: "takes", unit: "ms" } as const;

export const MEMBERS: GrowthAxis = {
  name: "members",
  heading: "Members of a group",
  of: "members of the group",
  constant: `${DEVICES_ONLINE} devices are connected and hear ${RATE} messages a second of ${TEXT_BYTES} bytes.`,
  sizes: {
    quick: [10, 50, 200, 500, 2_000, 10_000],
    full: [10, 30, 100, 200, 300, 1_000, 10_000, 100_000],
  },
  curves: [
    {
      name: "members-small-cpu",
      title: "A message to a small group",
      figure: "send_cpu_us",
      subject: { name: "A message to a small group", ...send },
      until: SMALL_MEMBERS_MAX,
    },
    {
      name: "members-large-cpu",
      title: "A message to a large group",
      figure: "send_cpu_us",
      subject: { name: "A message to a large group", ...send },
      from: SMALL_MEMBERS_MAX + 1,
    },
    {
      name: "members-deliver",
      title: "Delivery in a group, p99",
      figure: "deliver_p99_ms",
      subject: { name: "Delivery in a group, p99,", ...deliver },
      beside: { p50: "deliver_p50_ms" },
    },
  ],
  measure: (size, plan) =>
    withFreshDirectory(plan.directory, (dataDirectory) => measure(size, plan, dataDirectory)),
};

async function measure(size: number, plan: GrowthPlan, dataDirectory: string): Promise<readonly Measured[]> {
  const userIds = Array.from({ length: size }, (_, index) => parseUserId(`m${index}`));
  const online = userIds.slice(0, DEVICES_ONLINE);
  const devicesPerUser = Math.ceil(DEVICES_ONLINE / online.length);
  const installation = await prepareInstallation({ dataDirectory, userIds: online, devicesPerUser });
  await stock(dataDirectory, (parley, tenantId) => addPeople(parley, tenantId, userIds.slice(online.length)));
  const server = await ServerProcess.start({ dataDirectory });
  try {
    return await measureGroup(server, { plan, userIds, online, installation });
  } finally {
    await server.stop();
  }
}

interface Group {
  readonly plan: GrowthPlan;
  readonly userIds: readonly UserId[];
  readonly online: readonly UserId[];
  readonly installation: Installation;
}

async function measureGroup(server: ServerProcess, group: Group): Promise<readonly Measured[]> {
  const { plan, userIds, online, installation } = group;
  const url = server.webSocketUrl;
  const tokens = online.flatMap((userId) => installation.tokens.get(userId)!).slice(0, DEVICES_ONLINE);
  const owner = await RawClient.connect({ url, token: tokens[0]! });
  const conversationId = await makeGroup(owner, userIds.slice(1));
  await owner.close();
  const { seconds, warmUpSeconds } = plan;
  const settings = { rate: RATE, textBytes: TEXT_BYTES, seconds, warmUpSeconds, isAskingForMembers: false };
  const load = new GroupLoad({ ...settings, members: userIds.length, online: tokens.length }, conversationId);
  const clients: RawClient[] = [];
  try {
    for (const token of tokens) clients.push(await load.connect(url, token));
    load.start();
    await pause(plan.heatSeconds * 1000);
    load.endMeasuring();
    await load.drain();
    const windows: Measured[] = [];
    for (let count = 0; count < plan.windows; count++) windows.push(await measureWindow(server, load, plan));
    return windows;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function measureWindow(server: ServerProcess, load: GroupLoad, plan: GrowthPlan): Promise<Measured> {
  load.start();
  await pause(plan.warmUpSeconds * 1000);
  const window = new MeasuredWindow(server);
  load.beginMeasuring();
  await pause(plan.seconds * 1000);
  load.endMeasuring();
  window.end();
  await load.drain();
  const figures = load.figures();
  return {
    figures: {
      send_cpu_us: window.serverMicroseconds(figures.messages),
      delivery_cpu_us: thousandths(window.serverMicroseconds(figures.deliveries)),
      ack_p50_ms: figures.ack_p50_ms,
      ack_p99_ms: figures.ack_p99_ms,
      deliver_p50_ms: figures.deliver_p50_ms,
      deliver_p99_ms: figures.deliver_p99_ms,
      messages: figures.messages,
      wrong: figures.lost + figures.duplicated + figures.misordered + figures.unanswered + figures.refused,
      ...window.figures(),
    },
    complaints: [...window.complaints(), ...load.complaints()],
  };
}
