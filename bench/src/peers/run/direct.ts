/**
 * Pairs of users, one of whom writes. A message is finished when its receiver has it and its sender has its acknowledgement, where
 * the system gives one. Closed loop: each pair keeps its window full. Open loop, at a rate: latency counts from when it was due.
 */
import { Histogram } from "../../histogram.js";
import { Ledger, type Verdict, sumOf } from "../../load/ledger.js";
import { MeasuredTime } from "../../load/measured-time.js";
import { Pace } from "../../load/pace.js";
import { pause } from "../../pause.js";
import { treeMemoryBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { quantiles } from "../../scenarios/direct-report.js";
import type { PeerClient } from "../peer.js";
import { Faults, type Figures, type Measured, type Stage, forUsers, read, usage } from "./stage.js";

export interface DirectPlan {
  readonly pairs: number;
  readonly window: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Messages a second over all pairs; undefined for the closed loop. */
  readonly rate: number | undefined;
  /** How long messages may be under way after the last one was sent; 20 s by default. */
  readonly drainMsMax?: number;
}

const DRAIN_MS_MAX = 20_000;
const DRAIN_CHECK_MS = 20;
const MEGABYTE = 1024 * 1024;

export async function runDirect(plan: DirectPlan, stage: Stage): Promise<Measured> {
  const { server, peer } = stage;
  const load = new DirectLoad(plan, peer.hasAcks);
  try {
    await forUsers([0, plan.pairs], (index) => load.connect(index, stage));
    load.start();
    await pause(plan.warmUpSeconds * 1000);
    const begin = read(server);
    load.beginMeasuring();
    await pause(plan.seconds * 1000);
    load.endMeasuring();
    const end = read(server);
    await load.drain();
    const memory = treeMemoryBytes(server.pid);
    return {
      figures: {
        ...load.figures(),
        ...usage(begin, end, load.delivered, "message"),
        written_bytes_per_message: thousandths((end.writtenBytes - begin.writtenBytes) / load.delivered),
        server_mb: thousandths(memory / MEGABYTE),
      },
      faults: load.faults.list(),
    };
  } finally {
    await load.close();
  }
}

interface Pair {
  readonly sender: PeerClient;
  readonly receiver: PeerClient;
  readonly ledger: Ledger;
  /** Times at which messages were due that the window did not let out yet. */
  readonly due: number[];
}

class DirectLoad {
  readonly faults = new Faults();
  delivered = 0;
  readonly #plan: DirectPlan;
  readonly #hasAcks: boolean;
  readonly #pairs: Pair[] = [];
  readonly #ack = new Histogram();
  readonly #delivery = new Histogram();
  readonly #pace: Pace;
  readonly #time = new MeasuredTime();
  #isSending = false;

  constructor(plan: DirectPlan, hasAcks: boolean) {
    this.#plan = plan;
    this.#hasAcks = hasAcks;
    this.#pace = new Pace(plan.rate ?? 0, (dueMs, index) => {
      const pair = this.#pairs[index % this.#pairs.length]!;
      pair.due.push(dueMs);
      this.#fill(pair);
    });
  }

  async connect(index: number, { server }: Stage): Promise<void> {
    const ledger = new Ledger();
    const onFault = this.faults.add;
    const sender = await server.connect({
      user: index * 2,
      handlers: {
        onAck: (number, sequence) => this.#acknowledged(index, number, sequence),
        onMessage: () => undefined,
        onFault,
      },
    });
    const receiver = await server.connect({
      user: index * 2 + 1,
      handlers: {
        onAck: () => undefined,
        onMessage: (number, sequence, isIntact) => {
          if (number > 0) this.#received(index, number, sequence, isIntact);
        },
        onFault,
      },
    });
    await sender.open(index * 2 + 1);
    this.#pairs[index] = { sender, receiver, ledger, due: [] };
  }

  start(): void {
    this.#isSending = true;
    if (this.#plan.rate !== undefined) this.#pace.start();
    else for (const pair of this.#pairs) this.#fill(pair);
  }

  beginMeasuring(): void {
    this.#time.begin();
  }

  endMeasuring(): void {
    this.#isSending = false;
    this.#pace.stop();
    this.#time.end();
  }

  async drain(): Promise<void> {
    const untilMs = performance.now() + (this.#plan.drainMsMax ?? DRAIN_MS_MAX);
    const isOver = (): boolean => this.#pairs.every(({ ledger }) => ledger.isComplete);
    while (!isOver() && performance.now() < untilMs) await pause(DRAIN_CHECK_MS);
    // What comes twice comes a little later.
    await pause(DRAIN_CHECK_MS * 10);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pairs.flatMap(({ sender, receiver }) => [sender.close(), receiver.close()]));
  }

  figures(): Figures {
    const verdict = judged(sumOf(this.#pairs.map(({ ledger }) => ledger.verdict())), this.#hasAcks);
    const seconds = this.#time.seconds;
    return {
      messages_per_s: thousandths(this.delivered / seconds),
      ...numbersOf(quantiles("deliver", this.#delivery)),
      ...(this.#hasAcks ? numbersOf(quantiles("ack", this.#ack)) : {}),
      messages: this.delivered,
      messages_checked: verdict.sent,
      lost: verdict.lost,
      duplicated: verdict.duplicated,
      misordered: verdict.misordered,
      unanswered: verdict.unanswered,
      seconds: thousandths(seconds),
    };
  }

  /** Sends what the window has room for. Also what is due after the end of the measured time is still sent. */
  #fill(pair: Pair): void {
    const isOpenLoop = this.#plan.rate !== undefined;
    if (!isOpenLoop && !this.#isSending) return;
    const { ledger } = pair;
    while (ledger.sent - ledger.finished < this.#plan.window) {
      const intendedMs = isOpenLoop ? pair.due.shift() : performance.now();
      if (intendedMs === undefined) return;
      pair.sender.send(ledger.send(intendedMs));
    }
  }

  #acknowledged(index: number, number: number, sequence: number): void {
    const pair = this.#pairs[index]!;
    pair.ledger.acknowledge(number, sequence);
    this.#time.add(this.#ack, pair.ledger.intendedMs(number));
    this.#fill(pair);
  }

  #received(index: number, number: number, sequence: number, isIntact: boolean): void {
    const pair = this.#pairs[index]!;
    const { ledger } = pair;
    const before = ledger.delivered;
    ledger.deliver(number, sequence, isIntact);
    if (ledger.delivered === before) return;
    if (!this.#hasAcks) ledger.acknowledge(number, sequence);
    if (this.#time.isNow) this.delivered += 1;
    this.#time.add(this.#delivery, ledger.intendedMs(number));
    this.#fill(pair);
  }
}

/** Without acknowledgements, what was sent and did not come is lost; with them, only what was acknowledged. */
export function judged(verdict: Verdict, hasAcks: boolean): Verdict {
  if (hasAcks) return verdict;
  return { ...verdict, lost: verdict.lost + verdict.unanswered, unanswered: 0 };
}

export function numbersOf(figures: Readonly<Record<string, unknown>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).filter(([, value]) => typeof value === "number"),
  ) as Figures;
}
