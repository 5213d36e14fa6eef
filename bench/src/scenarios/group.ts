/**
 * One large group: some of its members are connected and write at a fixed rate, and everybody who is connected hears
 * everything. Open loop: latency counts from when a message was due.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConversationId,
  type UserId,
  MEMBERS_PER_REQUEST_MAX,
  parseClientMessageId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { Histogram } from "../histogram.js";
import { prepareInstallation } from "../installation.js";
import { generatorComplaints } from "../load/generator.js";
import { GroupLedger } from "../load/group-ledger.js";
import { MeasuredTime } from "../load/measured-time.js";
import { Pace } from "../load/pace.js";
import { RawClient } from "../load/raw-client.js";
import { TEXT_DIGITS } from "../load/scan.js";
import { processCpuSeconds, processRssBytes } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import { ServerProcess, type ServerStats } from "../server-process.js";
import { NO_WATCH, type ServerWatch } from "../server-watch.js";
import { pause } from "../pause.js";
import type { Figures, Report } from "./direct-report.js";

export interface GroupPlan {
  readonly members: number;
  readonly online: number;
  /** Messages a second, over all who write. */
  readonly rate: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly textBytes: number;
  /** Whether pages of members are asked for meanwhile; unless told otherwise they are. */
  readonly isAskingForMembers?: boolean;
}

/** Of those who are connected, how many write. */
const WRITERS_MAX = 20;
const CONNECTING_AT_A_TIME = 64;
const DRAIN_MS_MAX = 20_000;
const DRAIN_CHECK_MS = 20;
/** First pages of members that are asked for, as when somebody writes "@", one after another during the load. */
const MEMBER_PAGE = 20;
const MEMBER_PAGE_MS = 50;
const MEGABYTE = 1024 * 1024;

export async function measureGroup(
  plan: GroupPlan,
  say: (line: string) => void,
  watch: ServerWatch = NO_WATCH,
): Promise<Report> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const clients: RawClient[] = [];
  let server: ServerProcess | undefined;
  try {
    const userIds = Array.from({ length: plan.members }, (_, index) => parseUserId(`m${index}`));
    say(`making ${plan.members} users`);
    const { tokens } = await prepareInstallation({ dataDirectory, userIds, devicesPerUser: 1 });
    server = await ServerProcess.start({ dataDirectory, nodeArguments: watch.nodeArguments });
    const url = server.webSocketUrl;
    const owner = await RawClient.connect({ url, token: tokens.get(userIds[0]!)![0]! });
    const beganMs = performance.now();
    const conversationId = await makeGroup(owner, userIds.slice(1));
    const makeSeconds = (performance.now() - beganMs) / 1000;
    await owner.close();
    const load = new GroupLoad(plan, conversationId);
    say(`connecting ${plan.online} of them`);
    const rest = userIds.slice(0, plan.online).values();
    const connect = async (): Promise<void> => {
      for (const userId of rest) clients.push(await load.connect(url, tokens.get(userId)![0]!));
    };
    await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, connect));
    say(`warming up ${plan.warmUpSeconds} s, then measuring ${plan.seconds} s`);
    load.start();
    await pause(plan.warmUpSeconds * 1000);
    await watch.begin(server);
    const begin = await read(server);
    load.beginMeasuring();
    await pause(plan.seconds * 1000);
    load.endMeasuring();
    const end = await read(server);
    await watch.end();
    await load.drain();
    const rssBytes = processRssBytes(server.pid);
    await Promise.all(clients.map((client) => client.close()));
    const exit = await server.stop();
    const complaints = [
      ...load.complaints(),
      ...(exit.code === 0 ? [] : [`The server ended with ${exit.code ?? "a signal"} instead of 0.`]),
    ];
    const measured = { figures: load.figures(), begin, end, makeSeconds, rssBytes };
    return reportOf(plan, measured, complaints);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

function reportOf(
  plan: GroupPlan,
  measured: {
    readonly figures: GroupFigures;
    readonly begin: Reading;
    readonly end: Reading;
    readonly makeSeconds: number;
    readonly rssBytes: number;
  },
  complaints: readonly string[],
): Report {
  const { figures, begin, end } = measured;
  const cpuSeconds = end.cpuSeconds - begin.cpuSeconds;
  const generatorSeconds = end.generatorCpuSeconds - begin.generatorCpuSeconds;
  return {
    figures: {
      ...figures,
      rows_per_message: thousandths((end.stats.rowsWritten - begin.stats.rowsWritten) / figures.messages),
      fsyncs: end.stats.fsyncs - begin.stats.fsyncs,
      server_cpu_s: thousandths(cpuSeconds),
      server_cpu_us_per_delivery: thousandths((cpuSeconds * 1e6) / figures.deliveries),
      generator_cpu_s: thousandths(generatorSeconds),
      server_rss_mb: thousandths(measured.rssBytes / MEGABYTE),
      make_group_s: thousandths(measured.makeSeconds),
      durability: end.stats.durability,
      members: plan.members,
      online: plan.online,
      rate: plan.rate,
      node: process.version,
    },
    complaints: [...complaints, ...generatorComplaints(generatorSeconds / figures.seconds)],
  };
}

interface Reading {
  readonly stats: ServerStats;
  readonly cpuSeconds: number;
  readonly generatorCpuSeconds: number;
}

async function read(server: ServerProcess): Promise<Reading> {
  return {
    stats: await server.stats(),
    cpuSeconds: processCpuSeconds(server.pid),
    generatorCpuSeconds: processCpuSeconds(process.pid),
  };
}

/** A group of the owner and others. Errors: an Error with what the server said. */
export async function makeGroup(owner: RawClient, others: readonly UserId[]): Promise<ConversationId> {
  const first = others.slice(0, MEMBERS_PER_REQUEST_MAX - 1);
  const created = await owner.request("createConversation", {
    userIds: first,
    title: "Everybody",
    name: "everybody",
  });
  if (created.name !== "conversationCreated")
    throw new Error(`The group was not made: ${JSON.stringify(created)}`);
  const { conversationId } = created.payload;
  for (let start = first.length; start < others.length; start += MEMBERS_PER_REQUEST_MAX) {
    const userIds = others.slice(start, start + MEMBERS_PER_REQUEST_MAX);
    const answer = await owner.request("changeMembers", { conversationId, userIds });
    if (answer.name !== "done") throw new Error(`Members were not added: ${JSON.stringify(answer)}`);
  }
  return conversationId;
}

interface Writer {
  readonly client: RawClient;
  /** Sends of this device to the group so far. */
  count: number;
}

/** Of one measured time, and of all messages what became of them. */
export interface GroupFigures extends Figures {
  readonly deliveries_per_s: number;
  readonly deliver_p50_ms: number;
  readonly deliver_p99_ms: number;
  readonly deliver_max_ms: number;
  readonly ack_p50_ms: number;
  readonly ack_p99_ms: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misordered: number;
  readonly messages: number;
  readonly messages_checked: number;
  readonly deliveries: number;
  readonly unanswered: number;
  readonly refused: number;
  readonly member_page_p50_ms: number;
  readonly member_page_p99_ms: number;
  readonly seconds: number;
}

/** Sends into one group and checks what each of its devices hears; can be measured again and again. */
export class GroupLoad {
  readonly #plan: GroupPlan;
  readonly #conversationId: ConversationId;
  readonly #filler: string;
  readonly #ledger = new GroupLedger();
  readonly #writers: Writer[] = [];
  #ack = new Histogram();
  #delivery = new Histogram();
  #memberPage = new Histogram();
  #measured = { sent: 0, deliveries: 0 };
  #asker: RawClient | undefined;
  readonly #time = new MeasuredTime();
  readonly #pace: Pace;
  #isSending = false;
  #refused = 0;
  #mismatched = 0;

  constructor(plan: GroupPlan, conversationId: ConversationId) {
    this.#plan = plan;
    this.#conversationId = conversationId;
    this.#filler = "x".repeat(plan.textBytes - TEXT_DIGITS);
    this.#pace = new Pace(plan.rate, (dueMs) => this.#send(dueMs));
  }

  get #isAskingForMembers(): boolean {
    return this.#plan.isAskingForMembers ?? true;
  }

  /** A member that comes with nothing: it fetches the entry, and follows the topic from there. */
  async connect(url: string, token: string): Promise<RawClient> {
    const { textBytes } = this.#plan;
    const hearing: { hearer?: ReturnType<GroupLedger["addHearer"]> } = {};
    const client = await RawClient.connect({
      url,
      token,
      onSent: (number, sequence) => this.#acknowledged(number, sequence),
      onPush: (sequence, number, textNumber, bytes) => {
        const isIntact = textNumber === number && bytes === textBytes;
        hearing.hearer?.hear(sequence, Math.max(0, number), number <= 0 || isIntact);
        if (number > 0) this.#delivered(number);
      },
      onFrame: (frame) => {
        if (frame.name === "refused") this.#refused += 1;
      },
    });
    const conversationId = this.#conversationId;
    const answer = await client.request("listConversations", { conversationId });
    const entry = answer.name === "conversationList" ? answer.payload.entries[0] : undefined;
    if (entry === undefined) throw new Error("The group is not listed.");
    hearing.hearer = this.#ledger.addHearer(entry.lastSequence);
    // A small group is told to each of its members, in their queues.
    if (entry.isShared) await client.follow(conversationId, entry.topicPts);
    if (this.#writers.length < WRITERS_MAX) this.#writers.push({ client, count: 0 });
    this.#asker ??= client;
    return client;
  }

  start(): void {
    this.#isSending = true;
    this.#pace.start();
    if (this.#isAskingForMembers) void this.#askForMembers();
  }

  beginMeasuring(): void {
    this.#ack = new Histogram();
    this.#delivery = new Histogram();
    this.#memberPage = new Histogram();
    this.#measured = { sent: 0, deliveries: 0 };
    this.#time.begin();
  }

  endMeasuring(): void {
    this.#isSending = false;
    this.#pace.stop();
    this.#time.end();
  }

  async drain(): Promise<void> {
    const untilMs = performance.now() + DRAIN_MS_MAX;
    while (!this.#ledger.isComplete && performance.now() < untilMs) await pause(DRAIN_CHECK_MS);
    // What comes twice comes a little later.
    await pause(DRAIN_CHECK_MS * 10);
  }

  figures(): GroupFigures {
    const { lost, duplicated, misordered, acked, unanswered } = this.#ledger.verdict();
    const seconds = this.#time.seconds;
    return {
      deliveries_per_s: thousandths(this.#measured.deliveries / seconds),
      deliver_p50_ms: thousandths(this.#delivery.quantileMs(0.5)),
      deliver_p99_ms: thousandths(this.#delivery.quantileMs(0.99)),
      deliver_max_ms: thousandths(this.#delivery.maxMs),
      ack_p50_ms: thousandths(this.#ack.quantileMs(0.5)),
      ack_p99_ms: thousandths(this.#ack.quantileMs(0.99)),
      lost,
      duplicated,
      misordered: misordered + this.#mismatched,
      messages: this.#measured.sent,
      messages_checked: acked,
      deliveries: this.#measured.deliveries,
      unanswered,
      refused: this.#refused,
      member_page_p50_ms: thousandths(this.#memberPage.quantileMs(0.5)),
      member_page_p99_ms: thousandths(this.#memberPage.quantileMs(0.99)),
      seconds: thousandths(seconds),
    };
  }

  complaints(): string[] {
    const figures = this.figures();
    const complaints: string[] = [];
    for (const key of ["lost", "duplicated", "misordered", "unanswered", "refused"] as const)
      if (figures[key] !== 0) complaints.push(`${figures[key]} messages were ${key}.`);
    if (figures.deliveries === 0 || this.#delivery.count === 0) complaints.push("Nothing was delivered.");
    if (this.#isAskingForMembers && this.#memberPage.count === 0)
      complaints.push("No page of members was fetched.");
    if (figures.messages < this.#plan.rate * this.#plan.seconds * 0.95)
      complaints.push(`The load did not keep up with ${this.#plan.rate} messages a second.`);
    return complaints;
  }

  #send(intendedMs: number): void {
    const number = this.#ledger.send(intendedMs);
    if (this.#time.isNow) this.#measured.sent += 1;
    const writer = this.#writers[number % this.#writers.length]!;
    writer.count += 1;
    writer.client.write("send", {
      requestId: number,
      conversationId: this.#conversationId,
      clientMessageId: parseClientMessageId(`b${number}`),
      number: writer.count,
      body: textBody(String(number).padStart(TEXT_DIGITS, "0") + this.#filler),
    });
  }

  #acknowledged(number: number, sequence: number): void {
    if (!this.#ledger.acknowledge(number, sequence)) this.#mismatched += 1;
    this.#time.add(this.#ack, this.#ledger.intendedMs(number));
  }

  #delivered(number: number): void {
    if (this.#time.isNow) this.#measured.deliveries += 1;
    this.#time.add(this.#delivery, this.#ledger.intendedMs(number));
  }

  async #askForMembers(): Promise<void> {
    while (this.#isSending) {
      const beganMs = performance.now();
      const page = { conversationId: this.#conversationId, limit: MEMBER_PAGE };
      const answer = await this.#asker!.request("listMembers", page);
      if (
        answer.name !== "memberList" ||
        answer.payload.members.length !== Math.min(MEMBER_PAGE, this.#plan.members)
      )
        return;
      if (this.#time.isNow) this.#memberPage.add(performance.now() - beganMs);
      await pause(MEMBER_PAGE_MS);
    }
  }
}
