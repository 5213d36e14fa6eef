/**
 * A system account writes to everybody while people chat: how fast it goes, what people feel of it, and that everybody has it once.
 * People chat at a fixed rate, first without a campaign and then, other people, while it is under way.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { HeadRow } from "@parley/domain";
import { CONVERSATION_HEAD } from "@parley/message";
import { type TenantId, type UserId, decode, directConversationId, parseUserId } from "@parley/protocol";
import { type Installation as Operated, DEFAULT_TENANT, openInstallation, openParley } from "@parley/server";
import { CONVERSATION_INBOX, MESSAGE_INBOX, SYNC_QUEUE } from "@parley/sync";
import { prepareInstallation } from "../installation.js";
import { processCpuSeconds } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import { ServerProcess } from "../server-process.js";
import { NO_WATCH, type ServerWatch } from "../server-watch.js";
import { type DirectMarks, type DirectPlan, type DirectResult, runDirect, userIdsOf } from "./direct.js";
import { type Figures, type Report, quantiles } from "./direct-report.js";

export interface CampaignPlan {
  /** Who get the campaign, beside those who chat. */
  readonly users: number;
  readonly pairs: number;
  /** Messages a second between people, over all pairs. */
  readonly rate: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly textBytes: number;
}

const NEWS = "news" as UserId;
const TEXT = "The canteen is closed on Monday.";
const TENANT: TenantId = DEFAULT_TENANT;
const USERS_AT_A_TIME = 5_000;
const LOOK_MS = 200;
const CAMPAIGN_MS_MAX = 60 * 60 * 1000;
/** Where what a person hears is kept, by person. */
const SENDER_TABLES = [SYNC_QUEUE, CONVERSATION_INBOX, MESSAGE_INBOX] as const;
/** Of the first message in a direct chat that the campaign makes. */
const FIRST = 1;
const WINDOW = 16;
const IDLE: DirectMarks = { onBegin: () => Promise.resolve(), onEnd: () => Promise.resolve() };

/** How far a campaign was at a moment. */
interface Sight {
  readonly sent: number;
  readonly isOver: boolean;
  readonly atMs: number;
  readonly cpuSeconds: number;
}

/** A watch sees the server from the beginning of the campaign to its end. */
export async function measureCampaign(
  plan: CampaignPlan,
  say: (line: string) => void,
  watch: ServerWatch = NO_WATCH,
): Promise<Report> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  let server: ServerProcess | undefined;
  try {
    const people = userIdsOf(plan.pairs * 2).map(parseUserId);
    const installation = await prepareInstallation({ dataDirectory, userIds: people, devicesPerUser: 1 });
    const everybody = Array.from({ length: plan.users }, (_, index) => `u${index}` as UserId);
    say(`adding ${plan.users} users`);
    await withOperations(dataDirectory, (operated) => addEverybody(operated, everybody));
    const running = await ServerProcess.start({ dataDirectory, nodeArguments: watch.nodeArguments });
    server = running;
    const chat: DirectPlan = { ...plan, window: WINDOW };
    say(`people chat, ${plan.seconds} s without a campaign`);
    const quiet = await runDirect(chat, installation, running.webSocketUrl, IDLE);
    say(`other people chat, ${plan.seconds} s while it is sent to ${plan.users + people.length}`);
    const others = { ...chat, firstPair: plan.pairs };
    const chatting = (marks: DirectMarks): Promise<DirectResult> =>
      runDirect(others, installation, running.webSocketUrl, marks);
    const { busy, sights } = await withOperations(dataDirectory, (operated) =>
      sendToAll(operated, { server: running, watch }, chatting),
    );
    const exit = await running.stop();
    const found = await lookForIt(dataDirectory, [...people, ...everybody]);
    return reportOf(plan, { quiet, busy, sights, found, exitCode: exit.code });
  } finally {
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** Begins the campaign when the chatting is measured, and waits for its end when that is over. */
async function sendToAll(
  operated: Operated,
  { server, watch }: { readonly server: ServerProcess; readonly watch: ServerWatch },
  chat: (marks: DirectMarks) => Promise<DirectResult>,
): Promise<{ readonly busy: DirectResult; readonly sights: readonly Sight[] }> {
  const look = (): Promise<Sight> => sightOf(operated, server.pid);
  const sights: Sight[] = [];
  const busy = await chat({
    onBegin: async () => {
      await watch.begin(server);
      sights.push(await look());
      await operated.operations.startCampaign({ tenant: TENANT, senderId: NEWS, text: TEXT });
    },
    onEnd: async () => {
      sights.push(await look());
    },
  });
  sights.push(await look());
  sights.push(await ended(look));
  await watch.end();
  return { busy, sights };
}

async function addEverybody({ operations }: Operated, userIds: readonly UserId[]): Promise<void> {
  await operations.addUser({ tenant: TENANT, userId: NEWS, name: "News", isSystem: true });
  for (let start = 0; start < userIds.length; start += USERS_AT_A_TIME) {
    const users = userIds
      .slice(start, start + USERS_AT_A_TIME)
      .map((userId) => ({ userId, name: userId, isSystem: false }));
    await operations.addUsers({ tenant: TENANT, users });
  }
}

async function sightOf({ operations }: Operated, pid: number): Promise<Sight> {
  const [campaign] = await operations.listCampaigns({ tenant: TENANT });
  return {
    sent: campaign?.sent ?? 0,
    isOver: campaign !== undefined && campaign.state !== "running",
    atMs: performance.now(),
    cpuSeconds: processCpuSeconds(pid),
  };
}

async function ended(look: () => Promise<Sight>): Promise<Sight> {
  const untilMs = performance.now() + CAMPAIGN_MS_MAX;
  for (;;) {
    const sight = await look();
    if (sight.isOver || sight.atMs > untilMs) return sight;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

interface Found {
  /** Without it, or with it more than once. */
  readonly missing: number;
  readonly repeated: number;
  /** Rows in the partitions of the account that wrote to everybody. */
  readonly senderRows: number;
}

/** Counts in what is stored, of a data directory that no server holds. */
async function lookForIt(dataDirectory: string, userIds: readonly UserId[]): Promise<Found> {
  const parley = await openParley({ dataDirectory, ambient: systemAmbient(), onFatal: fail });
  try {
    const { tables } = parley.tableStack;
    let [missing, repeated] = [0, 0];
    for (const userId of userIds) {
      const value = await tables.find(CONVERSATION_HEAD, [TENANT, directConversationId(NEWS, userId)], []);
      const last = value === undefined ? 0 : decode(HeadRow, value).lastSequence;
      if (last < FIRST) missing += 1;
      else if (last > FIRST) repeated += 1;
    }
    const rowsOf = SENDER_TABLES.map((table) =>
      tables.range({ table, partition: [TENANT, NEWS], limit: 1_000 }),
    );
    const senderRows = (await Promise.all(rowsOf)).reduce((sum, rows) => sum + rows.length, 0);
    return { missing, repeated, senderRows };
  } finally {
    await parley.close();
  }
}

function reportOf(
  plan: CampaignPlan,
  of: {
    readonly quiet: DirectResult;
    readonly busy: DirectResult;
    readonly sights: readonly Sight[];
    readonly found: Found;
    readonly exitCode: number | null;
  },
): Report {
  const { quiet, busy, sights, found, exitCode } = of;
  const [begun, chatted, alone, over] = sights as readonly [Sight, Sight, Sight, Sight];
  const figures: Figures = {
    users: plan.users + plan.pairs * 4,
    people_per_s: plan.rate,
    ...quantiles("ack_without", quiet.ack),
    ...quantiles("ack_during", busy.ack),
    ack_p99_during_to_without: thousandths(busy.ack.quantileMs(0.99) / quiet.ack.quantileMs(0.99)),
    campaign_per_s_while_people_chat: perSecond(begun, chatted),
    campaign_per_s_alone: perSecond(alone, over),
    server_cpu_us_per_send_alone: cpuPerSend(alone, over),
    campaign_s: thousandths((over.atMs - begun.atMs) / 1000),
    campaign_sent: over.sent,
    campaign_missing: found.missing,
    campaign_repeated: found.repeated,
    sender_rows: found.senderRows,
    node: process.version,
  };
  const verdicts = [quiet, busy].map(({ verdict }) => verdict);
  const complaints = [
    ...(over.isOver ? [] : ["The campaign did not end."]),
    ...(found.missing + found.repeated === 0 ? [] : ["Not everybody has it once."]),
    ...(verdicts.every(({ lost, duplicated, misordered }) => lost + duplicated + misordered === 0)
      ? []
      : [`What people said is wrong: ${JSON.stringify(verdicts)}`]),
    ...(exitCode === 0 ? [] : [`The server ended with ${exitCode ?? "a signal"} instead of 0.`]),
  ];
  return { figures, complaints };
}

function cpuPerSend(from: Sight, until: Sight): number | null {
  const sent = until.sent - from.sent;
  return sent === 0 ? null : thousandths(((until.cpuSeconds - from.cpuSeconds) * 1e6) / sent);
}

function perSecond(from: Sight, until: Sight): number {
  return thousandths(((until.sent - from.sent) * 1000) / (until.atMs - from.atMs));
}

async function withOperations<T>(
  dataDirectory: string,
  work: (operated: Operated) => Promise<T>,
): Promise<T> {
  const operated = await openInstallation({ dataDirectory, ambient: systemAmbient(), onFatal: fail });
  try {
    return await work(operated);
  } finally {
    await operated.close();
  }
}

function fail(error: unknown): void {
  throw new Error("The installation could not be written.", { cause: error });
}
