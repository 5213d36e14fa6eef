/**
 * A device on a bad mobile network in a busy group: how old what it shows is, whether anything is missing in the end, and what
 * it costs the server and the others. The device is the SDK's client, as an application has it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParleyClient } from "@parley/client";
import { createNodeClient } from "@parley/client/node";
import {
  type ConversationId,
  type UserId,
  parseClientMessageId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { Histogram } from "../histogram.js";
import { prepareInstallation } from "../installation.js";
import { RawClient } from "../load/raw-client.js";
import { TEXT_DIGITS } from "../load/scan.js";
import { SlowProxy } from "../load/slow-proxy.js";
import { processCpuSeconds, processRssBytes } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import { ServerProcess } from "../server-process.js";
import { pause } from "../pause.js";
import type { Report } from "./direct-report.js";

export interface WeakPlan {
  /** Messages a second in the group. */
  readonly rate: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly textBytes: number;
  readonly roundTripMs: number;
  readonly bytesPerSecond: number;
  readonly lostPercent: number;
  readonly seed: number;
}

const WRITERS = 10;
const MEMBERS = 50;
const SAMPLE_MS = 50;
const SETTLE_MS_MAX = 180_000;
const CATCH_UP_MS_MAX = 120_000;
const MEGABYTE = 1024 * 1024;

export async function measureWeak(plan: WeakPlan, say: (line: string) => void): Promise<Report> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const userIds = Array.from({ length: MEMBERS }, (_, index) => parseUserId(`m${index}`));
  const { tokens } = await prepareInstallation({ dataDirectory, userIds, devicesPerUser: 1 });
  const tokenOf = (index: number): string => tokens.get(userIds[index]!)![0]!;
  const server = await ServerProcess.start({ dataDirectory });
  const proxy = await SlowProxy.start({ ...plan, serverPort: server.port });
  const group = new BusyGroup(plan);
  const device = new WeakDevice(proxy.url, { userId: userIds.at(-1)!, token: tokenOf(MEMBERS - 1) }, say);
  try {
    const writers = Array.from({ length: WRITERS }, (_, index) => tokenOf(index));
    await group.open(server.webSocketUrl, writers, userIds);
    // It does not write either.
    await group.listen(server.webSocketUrl, tokenOf(MEMBERS - 2));
    await device.client.start();
    await device.client.settled(SETTLE_MS_MAX);
    await device.client.open(group.conversationId);
    say(`${plan.rate} messages a second for ${plan.warmUpSeconds} + ${plan.seconds} s`);
    return await observe(plan, { server, proxy, group, device });
  } finally {
    await device.client.stop();
    await group.close();
    await proxy.close();
    await server.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

interface Scene {
  readonly server: ServerProcess;
  readonly proxy: SlowProxy;
  readonly group: BusyGroup;
  readonly device: WeakDevice;
}

async function observe(plan: WeakPlan, { server, proxy, group, device }: Scene): Promise<Report> {
  const before = {
    bytes: proxy.bytes.down,
    rss: processRssBytes(server.pid),
    cpu: processCpuSeconds(server.pid),
  };
  const screen = new Screen(device.client, group);
  group.start();
  await pause(plan.warmUpSeconds * 1000);
  screen.start();
  await pause(plan.seconds * 1000);
  group.stop();
  screen.stop();
  const bytes = proxy.bytes.down - before.bytes;
  const rss = processRssBytes(server.pid) - before.rss;
  const cpuSeconds = processCpuSeconds(server.pid) - before.cpu;
  await group.acknowledged();
  const stoppedMs = performance.now();
  const missing = await missingOf(device.client, group);
  const caughtUpMs = performance.now() - stoppedMs;
  const all = plan.warmUpSeconds + plan.seconds;
  return {
    figures: {
      newest_p50_ms: thousandths(screen.lag.quantileMs(0.5)),
      newest_p99_ms: thousandths(screen.lag.quantileMs(0.99)),
      newest_max_ms: thousandths(screen.lag.maxMs),
      others_deliver_p50_ms: thousandths(group.fastDelivery.quantileMs(0.5)),
      others_deliver_p99_ms: thousandths(group.fastDelivery.quantileMs(0.99)),
      lost: missing.length,
      rebases: device.rebases,
      caught_up_ms: thousandths(caughtUpMs),
      messages: group.sent,
      kb_per_second: thousandths(bytes / all / 1024),
      changes_per_second: thousandths(screen.changes / plan.seconds),
      server_rss_growth_mb: thousandths(rss / MEGABYTE),
      server_cpu_s: thousandths(cpuSeconds),
      rate: plan.rate,
      round_trip_ms: plan.roundTripMs,
      network_kb_per_second: plan.bytesPerSecond / 1024,
      lost_segments_pct: plan.lostPercent,
      node: process.version,
    },
    complaints: [
      ...(missing.length === 0 ? [] : [`${missing.length} messages never came.`]),
      ...(group.sent < plan.rate * all * 0.95 ? ["The load did not keep up."] : []),
      ...(screen.lag.count === 0 ? ["Nothing was looked at."] : []),
    ],
  };
}

/** The SDK's client, and how often it had to begin from what is newest. */
class WeakDevice {
  readonly client: ParleyClient;
  /** The first one is that of a new device. */
  #rebases = -1;

  constructor(
    url: string,
    login: { readonly userId: UserId; readonly token: string },
    say: (line: string) => void,
  ) {
    this.client = createNodeClient({
      url,
      ...login,
      logger: {
        info: (event) => void (event === "rebase" && (this.#rebases += 1)),
        warn: (event) => say(`the device says ${event}`),
        error: (event) => say(`the device says ${event}`),
      },
    });
  }

  get rebases(): number {
    return this.#rebases;
  }
}

/** A group in which some write at a fixed rate, and when each message was acknowledged. */
class BusyGroup {
  readonly fastDelivery = new Histogram();
  readonly #plan: WeakPlan;
  readonly #writers: { readonly client: RawClient; count: number }[] = [];
  readonly #dueMs: number[] = [];
  /** When each sequence was acknowledged. */
  readonly ackedMs = new Map<number, number>();
  #listener: RawClient | undefined;
  #conversationId: ConversationId | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beganMs = 0;
  sent = 0;
  lastSequence = 0;

  constructor(plan: WeakPlan) {
    this.#plan = plan;
  }

  get conversationId(): ConversationId {
    return this.#conversationId!;
  }

  async open(url: string, tokens: readonly string[], userIds: readonly UserId[]): Promise<void> {
    const onSent = (_: number, sequence: number): void => {
      this.ackedMs.set(sequence, performance.now());
      this.lastSequence = Math.max(this.lastSequence, sequence);
    };
    for (const token of tokens)
      this.#writers.push({ client: await RawClient.connect({ url, token, onSent }), count: 0 });
    const answer = await this.#writers[0]!.client.request("createConversation", {
      userIds: userIds.slice(1),
      title: "Busy",
      name: "busy",
    });
    if (answer.name !== "conversationCreated")
      throw new Error(`The group was not made: ${JSON.stringify(answer)}`);
    this.#conversationId = answer.payload.conversationId;
  }

  /** A device on a good network. */
  async listen(url: string, token: string): Promise<void> {
    this.#listener = await RawClient.connect({
      url,
      token,
      onPush: (_, number) => {
        const dueMs = this.#dueMs[number];
        if (dueMs !== undefined) this.fastDelivery.add(performance.now() - dueMs);
      },
    });
  }

  start(): void {
    this.#beganMs = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#beganMs) * this.#plan.rate) / 1000);
      while (this.sent < due) this.#send();
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async acknowledged(): Promise<void> {
    const untilMs = performance.now() + 30_000;
    while (this.ackedMs.size < this.sent && performance.now() < untilMs) await pause(SAMPLE_MS);
    if (this.ackedMs.size < this.sent)
      throw new Error(`${this.sent - this.ackedMs.size} sends have no answer.`);
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all([...this.#writers.map(({ client }) => client.close()), this.#listener?.close()]);
  }

  #send(): void {
    const number = (this.sent += 1);
    this.#dueMs[number] = this.#beganMs + (number * 1000) / this.#plan.rate;
    const writer = this.#writers[number % this.#writers.length]!;
    writer.count += 1;
    writer.client.write("send", {
      requestId: number,
      conversationId: this.conversationId,
      clientMessageId: parseClientMessageId(`b${number}`),
      number: writer.count,
      body: textBody(
        String(number).padStart(TEXT_DIGITS, "0") + "x".repeat(this.#plan.textBytes - TEXT_DIGITS),
      ),
    });
  }
}

/** Looks every so often how old the newest message is that the device does not show yet. */
class Screen {
  readonly lag = new Histogram();
  readonly #client: ParleyClient;
  readonly #group: BusyGroup;
  #timer: NodeJS.Timeout | undefined;
  #isOn = false;
  /** Of what is shown. */
  changes = 0;

  constructor(client: ParleyClient, group: BusyGroup) {
    this.#client = client;
    this.#group = group;
    client.on("timeline", () => {
      if (this.#isOn) this.changes += 1;
    });
  }

  start(): void {
    this.#isOn = true;
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  stop(): void {
    this.#isOn = false;
    clearInterval(this.#timer);
  }

  #look(): void {
    const { conversationId, ackedMs } = this.#group;
    const shown = this.#client.timeline(conversationId)?.messages.at(-1)?.sequence ?? 0;
    // The first one that was acknowledged and is not shown.
    const nextMs = ackedMs.get(shown + 1);
    this.lag.add(nextMs === undefined ? 0 : performance.now() - nextMs);
  }
}

/** Pages back to the first message, and says which of those that were acknowledged are not there. */
async function missingOf(client: ParleyClient, group: BusyGroup): Promise<readonly number[]> {
  const { conversationId, ackedMs, lastSequence } = group;
  const untilMs = performance.now() + CATCH_UP_MS_MAX;
  const shown = (): ReadonlySet<number> =>
    new Set(client.timeline(conversationId)?.messages.map(({ sequence }) => sequence));
  while (!shown().has(lastSequence) && performance.now() < untilMs) await pause(SAMPLE_MS);
  await client.open(conversationId);
  for (;;) {
    const before = shown().size;
    await client.loadOlder(conversationId, 200);
    if (shown().size === before || performance.now() > untilMs) break;
  }
  const there = shown();
  return [...ackedMs.keys()].filter((sequence) => !there.has(sequence));
}
