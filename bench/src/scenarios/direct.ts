/**
 * Pairs of users in direct chats: A sends, B receives, both are connected; A is pushed its own messages too.
 *
 * Closed loop (no rate): each pair keeps `window` sends in flight; measures throughput. Open loop (a rate): messages
 * are due at fixed times whatever the server does, and latency counts from when a message was due, so that a server
 * that stalls cannot hide it (no coordinated omission).
 */
import {
  Body,
  type ConversationId,
  TEXT_BYTES_MAX,
  type UserId,
  filled,
  parseClientMessageId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { Histogram } from "../histogram.js";
import type { Installation } from "../installation.js";
import { Ledger, type Verdict, sumOf } from "../load/ledger.js";
import { MeasuredTime } from "../load/measured-time.js";
import { Pace } from "../load/pace.js";
import { RawClient } from "../load/raw-client.js";
import type { TransportName } from "../load/raw-transport.js";
import { TEXT_DIGITS } from "../load/scan.js";
import { pause } from "../pause.js";

export interface DirectPlan {
  readonly pairs: number;
  /** Of the first of them; 0 unless told. */
  readonly firstPair?: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly window: number;
  /** What does not fit into a text is sent as a custom message. */
  readonly textBytes: number;
  /** Messages a second over all pairs; undefined for the closed loop. */
  readonly rate: number | undefined;
  /** Of all clients; WebSockets by default. */
  readonly transport?: TransportName;
  /** Which of the devices of each user; the first unless told. A device that has sent before would have to go on where it was. */
  readonly device?: number;
  /** Where a pair writes; a direct chat of its own unless told. */
  readonly conversationOf?: (pair: number) => ConversationId;
}

export interface DirectResult {
  readonly verdict: Verdict;
  readonly refused: number;
  /** Length of the measured time. */
  readonly seconds: number;
  /** Within the measured time. */
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  readonly ack: Histogram;
  readonly delivery: Histogram;
}

/** Called when the warm-up is over and when the measured time is over, to read other clocks at the same moments. */
export interface DirectMarks {
  readonly onBegin: () => Promise<void>;
  readonly onEnd: () => Promise<void>;
}

/** How long messages may be under way after the last one was sent. */
const DRAIN_MS_MAX = 20_000;
const DRAIN_CHECK_MS = 20;

export function userIdsOf(pairs: number): string[] {
  return Array.from({ length: pairs }, (_, pair) => [`a${pair}`, `b${pair}`]).flat();
}

/** Connects the pairs, loads the server, waits until everything has arrived and judges. */
export async function runDirect(
  plan: DirectPlan,
  installation: Installation,
  webSocketUrl: string,
  marks: DirectMarks,
): Promise<DirectResult> {
  const load = new DirectLoad(plan);
  await Promise.all(
    Array.from({ length: plan.pairs }, async (_, pair) => load.connect(pair, installation, webSocketUrl)),
  );
  load.start();
  await pause(plan.warmUpSeconds * 1000);
  await marks.onBegin();
  load.beginMeasuring();
  await pause(plan.seconds * 1000);
  load.endMeasuring();
  await marks.onEnd();
  return load.finish();
}

interface Pair {
  readonly sender: RawClient;
  readonly receiver: RawClient;
  readonly conversationId: ConversationId;
  readonly ledger: Ledger;
  /** What the sender's own device is pushed. */
  readonly echo: Ledger;
  /** Times at which messages were due that the window did not let out yet. */
  readonly due: number[];
}

class DirectLoad {
  readonly #plan: DirectPlan;
  readonly #filler: string;
  readonly #pairs: Pair[] = [];
  readonly #ack = new Histogram();
  readonly #delivery = new Histogram();
  readonly #measured = { sent: 0, acked: 0, delivered: 0 };
  readonly #time = new MeasuredTime();
  readonly #pace: Pace;
  #isSending = false;
  #refused = 0;

  constructor(plan: DirectPlan) {
    this.#plan = plan;
    this.#filler = "x".repeat(plan.textBytes - TEXT_DIGITS);
    this.#pace = new Pace(plan.rate ?? 0, (dueMs, index) => {
      const pair = this.#pairs[index % this.#pairs.length]!;
      pair.due.push(dueMs);
      this.#fill(pair);
    });
  }

  async connect(index: number, { tokens }: Installation, url: string): Promise<void> {
    const ledger = new Ledger();
    const echo = new Ledger();
    const pair = (this.#plan.firstPair ?? 0) + index;
    const [aId, bId] = [parseUserId(`a${pair}`), parseUserId(`b${pair}`)];
    const { transport = "websocket", device = 0 } = this.#plan;
    const find = (): Pair | undefined => this.#pairs[index];
    const sender = await RawClient.connect({
      url,
      transport,
      token: tokens.get(aId)?.[device] ?? "",
      onSent: (number, sequence) => {
        const found = find();
        if (found !== undefined) this.#acknowledged(found, number, sequence);
      },
      onPush: (sequence, number, textNumber, textBytes) => {
        if (number > 0)
          echo.deliver(number, sequence, textNumber === number && textBytes === this.#plan.textBytes);
      },
      onFrame: (frame) => {
        if (frame.name === "refused") this.#refused += 1;
      },
      onPacketEnd: () => {
        const found = find();
        if (found !== undefined) this.#fill(found);
      },
    });
    const receiver = await RawClient.connect({
      url,
      transport,
      token: tokens.get(bId)?.[device] ?? "",
      onPush: (sequence, number, textNumber, textBytes) => {
        const isIntact = textNumber === number && textBytes === this.#plan.textBytes;
        if (number > 0) this.#delivered(ledger, number, sequence, isIntact);
      },
    });
    const conversationId = this.#plan.conversationOf?.(pair) ?? (await makeDirect(sender, bId));
    this.#pairs[index] = { sender, receiver, conversationId, ledger, echo, due: [] };
  }

  start(): void {
    this.#isSending = true;
    if (this.#plan.rate === undefined) for (const pair of this.#pairs) this.#fill(pair);
    else this.#pace.start();
  }

  beginMeasuring(): void {
    this.#time.begin();
  }

  endMeasuring(): void {
    this.#isSending = false;
    this.#pace.stop();
    this.#time.end();
  }

  async finish(): Promise<DirectResult> {
    const untilMs = performance.now() + DRAIN_MS_MAX;
    const isOver = (): boolean =>
      this.#pairs.every(({ ledger, echo }) => ledger.isComplete && echo.isComplete);
    while (!isOver() && performance.now() < untilMs) await pause(DRAIN_CHECK_MS);
    // What comes twice comes a little later.
    await pause(DRAIN_CHECK_MS * 10);
    await Promise.all(this.#pairs.flatMap(({ sender, receiver }) => [sender.close(), receiver.close()]));
    const received = sumOf(this.#pairs.map(({ ledger }) => ledger.verdict()));
    const echoed = sumOf(this.#pairs.map(({ echo }) => echo.verdict()));
    return {
      verdict: {
        ...received,
        lost: received.lost + echoed.lost,
        duplicated: received.duplicated + echoed.duplicated,
        misordered: received.misordered + echoed.misordered,
      },
      refused: this.#refused,
      seconds: this.#time.seconds,
      ...this.#measured,
      ack: this.#ack,
      delivery: this.#delivery,
    };
  }

  /** Sends what the window has room for. Also what is due after the end of the measured time is still sent. */
  #fill(pair: Pair): void {
    const isOpenLoop = this.#plan.rate !== undefined;
    if (!isOpenLoop && !this.#isSending) return;
    while (pair.ledger.inFlight < this.#plan.window) {
      const intendedMs = isOpenLoop ? pair.due.shift() : performance.now();
      if (intendedMs === undefined) return;
      this.#send(pair, intendedMs);
    }
  }

  #send({ sender, conversationId, ledger, echo }: Pair, intendedMs: number): void {
    const number = ledger.send(intendedMs);
    echo.send(intendedMs);
    if (this.#time.isNow) this.#measured.sent += 1;
    const text = String(number).padStart(TEXT_DIGITS, "0") + this.#filler;
    sender.write("send", {
      requestId: number,
      conversationId,
      clientMessageId: parseClientMessageId(`b${number}`),
      number,
      body: bodyOf(text),
    });
  }

  #acknowledged({ ledger, echo }: Pair, number: number, sequence: number): void {
    ledger.acknowledge(number, sequence);
    echo.acknowledge(number, sequence);
    if (this.#time.isNow) this.#measured.acked += 1;
    this.#time.add(this.#ack, ledger.intendedMs(number));
  }

  #delivered(ledger: Ledger, number: number, sequence: number, isIntact: boolean): void {
    ledger.deliver(number, sequence, isIntact);
    if (this.#time.isNow) this.#measured.delivered += 1;
    this.#time.add(this.#delivery, ledger.intendedMs(number));
  }
}

async function makeDirect(sender: RawClient, other: UserId): Promise<ConversationId> {
  const created = await sender.request("createConversation", { isDirect: true, userIds: [other], name: "d" });
  if (created.name !== "conversationCreated")
    throw new Error(`The conversation was not made: ${JSON.stringify(created)}`);
  return created.payload.conversationId;
}

function bodyOf(text: string): Body {
  if (text.length <= TEXT_BYTES_MAX) return textBody(text);
  return filled(Body, {
    custom: { type: "bench.load", payload: Buffer.from(text, "latin1"), fallbackText: "Load" },
  });
}
