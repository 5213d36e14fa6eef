/**
 * All devices but a few are cut at once and come back as docs/protocol/disconnects.md says: how long until all have what they
 * missed, what that costs the server, and what the people notice who stayed and chat.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type UserId, parseClientMessageId, parseUserId, textBody } from "@parley/protocol";
import { Histogram } from "../histogram.js";
import { prepareInstallation } from "../installation.js";
import { RawClient } from "../load/raw-client.js";
import { TEXT_DIGITS } from "../load/scan.js";
import { processCpuSeconds } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import { ServerProcess } from "../server-process.js";
import { pause } from "../pause.js";
import type { Report } from "./direct-report.js";

export interface ReconnectPlan {
  readonly clients: number;
  /** Pairs who stay connected and chat. */
  readonly pairs: number;
  /** Messages a second between them. */
  readonly rate: number;
}

const CONNECTING_AT_A_TIME = 64;
const BEFORE_MS = 5_000;
const BACK_MS_MAX = 120_000;
const BACKOFF_MS = 250;
const BACKOFF_MS_MAX = 30_000;
const SAMPLE_MS = 20;

export async function measureReconnect(plan: ReconnectPlan, say: (line: string) => void): Promise<Report> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const leaving = Array.from({ length: plan.clients }, (_, index) => parseUserId(`c${index}`));
  const staying = Array.from({ length: plan.pairs * 2 }, (_, index) => parseUserId(`s${index}`));
  // Who tells the others something.
  const tellers = ["t0", "t1"].map(parseUserId);
  const userIds = [...leaving, ...staying, ...tellers];
  say(`making ${userIds.length} users`);
  const { tokens } = await prepareInstallation({ dataDirectory, userIds, devicesPerUser: 1 });
  const tokenOf = (userId: UserId): string => tokens.get(userId)![0]!;
  const server = await ServerProcess.start({ dataDirectory });
  const url = server.webSocketUrl;
  const devices = leaving.map((userId) => new Device(url, tokenOf(userId)));
  const chat = new Chat(plan);
  try {
    await chat.open(url, staying, tokenOf);
    say(`connecting ${plan.clients}`);
    const rest = devices.values();
    const connect = async (): Promise<void> => {
      for (const device of rest) await device.begin();
    };
    await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, connect));
    // Everybody gets something, so that each has a position of its own.
    await tellAll(url, tokenOf(tellers[0]!), leaving);
    await until(() => devices.every(({ heard }) => heard > 0), BACK_MS_MAX);
    const tellHalf = (): Promise<void> =>
      tellAll(url, tokenOf(tellers[1]!), leaving.slice(0, leaving.length / 2));
    say("cutting them all");
    return await cutAll(plan, { server, devices, chat, tellHalf });
  } finally {
    await chat.close();
    await Promise.all(devices.map((device) => device.end()));
    await server.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

interface Scene {
  readonly server: ServerProcess;
  readonly devices: readonly Device[];
  readonly chat: Chat;
  /** Says something to half of those who are away. */
  readonly tellHalf: () => Promise<void>;
}

async function cutAll(plan: ReconnectPlan, { server, devices, chat, tellHalf }: Scene): Promise<Report> {
  chat.start();
  await pause(BEFORE_MS);
  const before = chat.take();
  const cpuBefore = processCpuSeconds(server.pid);
  const cutMs = performance.now();
  for (const device of devices) device.cut();
  const telling = tellHalf();
  await until(() => devices.every(({ isBack }) => isBack), BACK_MS_MAX);
  const backMs = performance.now() - cutMs;
  const cpuSeconds = processCpuSeconds(server.pid) - cpuBefore;
  const during = chat.take();
  await telling;
  const told = devices.slice(0, devices.length / 2);
  await until(() => told.every(({ heard }) => heard > 1), BACK_MS_MAX);
  const resyncs = devices.reduce((sum, { rebases }) => sum + rebases, 0);
  const back = devices.map((device) => device.backMs - cutMs).toSorted((one, other) => one - other);
  return {
    figures: {
      all_back_s: thousandths(backMs / 1000),
      half_back_s: thousandths(back[Math.floor(back.length / 2)]! / 1000),
      full_resyncs: resyncs,
      tries: devices.reduce((sum, { tries }) => sum + tries, 0),
      told_to_wait: devices.reduce((sum, { waits }) => sum + waits, 0),
      server_cpu_s: thousandths(cpuSeconds),
      server_cpu_ms_per_device: thousandths((cpuSeconds * 1000) / plan.clients),
      stayed_deliver_p50_ms: thousandths(during.quantileMs(0.5)),
      stayed_deliver_p99_ms: thousandths(during.quantileMs(0.99)),
      before_deliver_p50_ms: thousandths(before.quantileMs(0.5)),
      before_deliver_p99_ms: thousandths(before.quantileMs(0.99)),
      clients: plan.clients,
      pairs: plan.pairs,
      rate: plan.rate,
      node: process.version,
    },
    complaints: [
      ...(resyncs === 0 ? [] : [`${resyncs} devices with a live position had to begin anew.`]),
      ...(devices.every(({ isBack }) => isBack) ? [] : ["Not all came back."]),
      ...(told.every(({ heard }) => heard > 1) ? [] : ["What was said meanwhile did not reach all."]),
      ...(during.count === 0 ? ["Nobody chatted meanwhile."] : []),
    ],
  };
}

/** A device that keeps its position and comes back as the protocol says. */
class Device {
  readonly #url: string;
  readonly #token: string;
  #client: RawClient | undefined;
  #position = { epoch: 0, pts: 0 };
  #isEnding = false;
  isBack = false;
  backMs = 0;
  heard = 0;
  rebases = -1;
  tries = 0;
  waits = 0;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async begin(): Promise<void> {
    await this.#return(0);
  }

  cut(): void {
    this.isBack = false;
    this.tries = 0;
    const client = this.#client!;
    this.#position = client.position;
    client.terminate();
    this.#later(Math.random() * BACKOFF_MS, 0);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#client?.close();
  }

  #later(delayMs: number, attempt: number): void {
    setTimeout(() => void this.#return(attempt), delayMs);
  }

  async #return(attempt: number): Promise<void> {
    if (this.#isEnding) return;
    this.tries += 1;
    let busyMs: number | undefined;
    try {
      this.#client = await RawClient.connect({
        url: this.#url,
        token: this.#token,
        ...this.#position,
        onPush: () => void (this.heard += 1),
        onFrame: (frame) => {
          if (frame.name === "busy") busyMs = frame.payload.retryAfterMs;
        },
        onRebase: () => void (this.rebases += 1),
      });
      await this.#client.caughtUp();
      this.isBack = true;
      this.backMs = performance.now();
    } catch {
      if (busyMs !== undefined) {
        this.waits += 1;
        this.#later(busyMs + Math.random() * BACKOFF_MS, attempt);
      } else
        this.#later(Math.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempt + 1)), attempt + 1);
    }
  }
}

/** Pairs who write to each other at a fixed rate. */
class Chat {
  readonly #plan: ReconnectPlan;
  readonly #clients: { readonly client: RawClient; readonly other: UserId; count: number }[] = [];
  readonly #dueMs: number[] = [];
  #delivery = new Histogram();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(plan: ReconnectPlan) {
    this.#plan = plan;
  }

  async open(url: string, userIds: readonly UserId[], tokenOf: (userId: UserId) => string): Promise<void> {
    for (const [index, userId] of userIds.entries()) {
      const other = userIds[index ^ 1]!;
      const client = await RawClient.connect({
        url,
        token: tokenOf(userId),
        onPush: (_, number) => {
          const dueMs = this.#dueMs[number];
          // Each sees its own messages, too.
          if (dueMs !== undefined && number % userIds.length !== index)
            this.#delivery.add(performance.now() - dueMs);
        },
      });
      await client.request("createConversation", { isDirect: true, userIds: [other] });
      this.#clients.push({ client, other, count: 0 });
    }
  }

  start(): void {
    const beganMs = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - beganMs) * this.#plan.rate) / 1000);
      while (this.#sent < due) this.#send(beganMs);
    }, 1);
  }

  /** What was measured since the last call. */
  take(): Histogram {
    const taken = this.#delivery;
    this.#delivery = new Histogram();
    return taken;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#clients.map(({ client }) => client.close()));
  }

  #send(beganMs: number): void {
    const number = (this.#sent += 1);
    this.#dueMs[number] = beganMs + (number * 1000) / this.#plan.rate;
    const index = number % this.#clients.length;
    const from = this.#clients[index]!;
    from.count += 1;
    const [one, two] = [`s${index}`, from.other].toSorted();
    from.client.write("send", {
      requestId: number,
      conversationId: `d:${one}:${two}` as never,
      clientMessageId: parseClientMessageId(`b${number}`),
      number: from.count,
      body: textBody(String(number).padStart(TEXT_DIGITS, "0") + "x".repeat(190)),
    });
  }
}

/** One message to each of them. */
async function tellAll(url: string, token: string, userIds: readonly UserId[]): Promise<void> {
  const client = await RawClient.connect({ url, token });
  const rest = userIds.values();
  const tell = async (): Promise<void> => {
    for (const userId of rest) {
      const made = await client.request("createConversation", { isDirect: true, userIds: [userId] });
      if (made.name !== "conversationCreated") throw new Error(`No conversation: ${JSON.stringify(made)}`);
      const { conversationId } = made.payload;
      await client.request("send", {
        conversationId,
        clientMessageId: parseClientMessageId(`t${userId}`),
        number: 1,
        body: textBody("While you were away"),
      });
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, tell));
  await client.close();
}

async function until(isTrue: () => boolean, withinMs: number): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!isTrue() && performance.now() < untilMs) await pause(SAMPLE_MS);
}
