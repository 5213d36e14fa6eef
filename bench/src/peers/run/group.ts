/**
 * One group of people who are all connected; some of them write. A message is finished when everybody has it and its writer has the
 * acknowledgement, where the system gives one. Closed loop with a small window for each writer, or open loop at a rate.
 */
import { Histogram } from "../../histogram.js";
import { MeasuredTime } from "../../load/measured-time.js";
import { Pace } from "../../load/pace.js";
import { pause } from "../../pause.js";
import { treeMemoryBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { quantiles } from "../../scenarios/direct-report.js";
import type { PeerClient } from "../peer.js";
import { RoomLedger } from "../room-ledger.js";
import { numbersOf } from "./direct.js";
import {
  Faults,
  type Figures,
  JOINING_AT_A_TIME,
  type Measured,
  type Stage,
  forUsers,
  read,
  usage,
} from "./stage.js";

export interface GroupPlan {
  readonly members: number;
  readonly writers: number;
  readonly window: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Messages a second over all writers; undefined for the closed loop. */
  readonly rate: number | undefined;
}

const DRAIN_MS_MAX = 20_000;
const DRAIN_CHECK_MS = 20;
const MEGABYTE = 1024 * 1024;

export async function runGroup(plan: GroupPlan, stage: Stage): Promise<Measured> {
  const { server, peer } = stage;
  const load = new GroupLoad(plan, peer.hasAcks);
  try {
    await server.makeGroup(Array.from({ length: plan.members }, (_, user) => user));
    // The first is alone, since the room of some systems begins with it.
    await load.connect(0, stage);
    await forUsers([1, plan.members], (user) => load.connect(user, stage), JOINING_AT_A_TIME);
    load.start();
    await pause(plan.warmUpSeconds * 1000);
    const begin = read(server);
    load.beginMeasuring();
    await pause(plan.seconds * 1000);
    load.endMeasuring();
    const end = read(server);
    await load.drain();
    return {
      figures: {
        ...load.figures(),
        ...usage(begin, end, load.deliveries, "delivery"),
        server_mb: thousandths(treeMemoryBytes(server.pid) / MEGABYTE),
      },
      faults: load.faults.list(),
    };
  } finally {
    await load.close();
  }
}

class GroupLoad {
  readonly faults = new Faults();
  deliveries = 0;
  readonly #plan: GroupPlan;
  readonly #hasAcks: boolean;
  readonly #ledger: RoomLedger;
  readonly #clients: PeerClient[] = [];
  readonly #inFlight: number[];
  readonly #ack = new Histogram();
  readonly #delivery = new Histogram();
  readonly #pace: Pace;
  readonly #time = new MeasuredTime();
  #isSending = false;
  #sent = 0;

  constructor(plan: GroupPlan, hasAcks: boolean) {
    this.#plan = plan;
    this.#hasAcks = hasAcks;
    this.#ledger = new RoomLedger(plan.members, hasAcks);
    this.#inFlight = Array.from({ length: plan.writers }, () => 0);
    this.#pace = new Pace(plan.rate ?? 0, (dueMs, index) => this.#send(index % plan.writers, dueMs));
  }

  async connect(user: number, { server }: Stage): Promise<void> {
    const client = await server.connect({
      user,
      handlers: {
        onAck: (number) => this.#acknowledged(number),
        onMessage: (number, _sequence, isIntact) => {
          if (number > 0) this.#heard(user, number, isIntact);
        },
        onFault: this.faults.add,
      },
    });
    this.#clients[user] = client;
    await client.join(user < this.#plan.writers);
  }

  start(): void {
    this.#isSending = true;
    if (this.#plan.rate === undefined)
      for (let writer = 0; writer < this.#plan.writers; writer++) this.#fill(writer);
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

  async drain(): Promise<void> {
    const untilMs = performance.now() + DRAIN_MS_MAX;
    while (!this.#ledger.isComplete && performance.now() < untilMs) await pause(DRAIN_CHECK_MS);
    // What comes twice comes a little later.
    await pause(DRAIN_CHECK_MS * 10);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  figures(): Figures {
    const { sent, lost, duplicated, misordered, unanswered } = this.#ledger.verdict();
    const seconds = this.#time.seconds;
    return {
      deliveries_per_s: thousandths(this.deliveries / seconds),
      ...numbersOf(quantiles("deliver", this.#delivery)),
      ...(this.#hasAcks ? numbersOf(quantiles("ack", this.#ack)) : {}),
      messages_per_s: thousandths(this.#sent / seconds),
      deliveries: this.deliveries,
      messages_checked: sent,
      lost,
      duplicated,
      misordered,
      unanswered,
      seconds: thousandths(seconds),
    };
  }

  #fill(writer: number): void {
    while (this.#isSending && this.#inFlight[writer]! < this.#plan.window)
      this.#send(writer, performance.now());
  }

  #send(writer: number, intendedMs: number): void {
    const number = this.#ledger.send(intendedMs);
    this.#writers[number] = writer;
    this.#inFlight[writer]! += 1;
    if (this.#time.isNow) this.#sent += 1;
    this.#clients[writer]!.sendToGroup(number);
  }

  /** By number. */
  readonly #writers: number[] = [];

  #acknowledged(number: number): void {
    this.#time.add(this.#ack, this.#ledger.intendedMs(number));
    if (this.#ledger.acknowledge(number)) this.#finished(number);
  }

  #heard(user: number, number: number, isIntact: boolean): void {
    if (this.#time.isNow) this.deliveries += 1;
    this.#time.add(this.#delivery, this.#ledger.intendedMs(number));
    if (this.#ledger.hear(user, number, isIntact)) this.#finished(number);
  }

  #finished(number: number): void {
    const writer = this.#writers[number]!;
    this.#inFlight[writer]! -= 1;
    if (this.#plan.rate === undefined) this.#fill(writer);
  }
}
