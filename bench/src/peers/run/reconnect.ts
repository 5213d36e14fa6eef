/**
 * Everybody is cut at once, is told something while away, and comes back: how long until all are logged in and have what they
 * missed, where the system keeps that for them.
 */
import { pause } from "../../pause.js";
import { thousandths } from "../../rounding.js";
import type { PeerClient, Place } from "../peer.js";
import { Faults, type Measured, type Stage, forUsers, read } from "./stage.js";

export interface ReconnectPlan {
  readonly clients: number;
  /** For the server to see that they are gone, and to keep what it has taken in; 1 s by default. */
  readonly settleMs?: number;
}

/** Text 1 is told while they are there, 2 while they are away. */
const HERE = 1;
const AWAY = 2;
const HEAR_MS_MAX = 60_000;
const CHECK_MS = 10;
const SETTLE_MS = 1_000;
/** Told at a time, so that no queue of the server is put to the test here. */
const TELLING_WINDOW = 100;

export async function runReconnect(plan: ReconnectPlan, stage: Stage): Promise<Measured> {
  const { clients, settleMs = SETTLE_MS } = plan;
  const { server, peer } = stage;
  const crowd = new Crowd(clients, stage);
  try {
    await forUsers([0, clients], (user) => crowd.connect(user));
    await crowd.openTeller(clients, clients + 1);
    await crowd.tellAll(HERE);
    await until(() => crowd.countWho(HERE) === clients);
    const heardBefore = crowd.countWho(HERE);
    // A client that was told nothing yet has no place to go on from.
    await pause(settleMs);
    crowd.cutAll();
    await pause(settleMs);
    await crowd.tellAll(AWAY);
    await pause(settleMs);
    const begin = read(server);
    await forUsers([0, clients], (user) => crowd.connect(user));
    if (peer.keepsMissed) await until(() => crowd.countWho(AWAY) === clients);
    const end = read(server);
    const back = crowd.backMs.map((ms) => ms - begin.atMs).toSorted((one, other) => one - other);
    return {
      figures: {
        all_back_s: thousandths((back.at(-1) ?? Number.NaN) / 1000),
        half_back_s: thousandths((back[Math.floor(back.length / 2)] ?? Number.NaN) / 1000),
        server_cpu_ms_per_client: thousandths(
          ((end.serverCpuSeconds - begin.serverCpuSeconds) * 1000) / clients,
        ),
        clients,
        lost: clients - heardBefore + (peer.keepsMissed ? clients - crowd.countWho(AWAY) : 0),
        duplicated: crowd.duplicated,
        misordered: 0,
      },
      faults: crowd.faults.list(),
    };
  } finally {
    await crowd.close();
  }
}

class Crowd {
  readonly faults = new Faults();
  /** When each was back with all it missed. */
  readonly backMs: number[] = [];
  duplicated = 0;
  readonly #stage: Stage;
  readonly #clients: PeerClient[] = [];
  readonly #places: Place[] = [];
  /** The last text that each heard. */
  readonly #heard: number[];
  #teller: PeerClient | undefined;
  #observer: { readonly user: number; readonly client: PeerClient; heard: number } | undefined;
  #acked = 0;

  constructor(count: number, stage: Stage) {
    this.#stage = stage;
    this.#heard = Array.from({ length: count }, () => 0);
  }

  async connect(user: number): Promise<void> {
    const since = this.#places[user];
    const isNeeded = since !== undefined && this.#stage.peer.keepsMissed;
    this.#clients[user] = await this.#stage.server.connect({
      user,
      ...(since === undefined ? {} : { since }),
      handlers: {
        onAck: () => undefined,
        onMessage: (number) => this.#hear(user, number),
        onFault: this.faults.add,
      },
    });
    if (since !== undefined && !isNeeded) this.backMs.push(performance.now());
    if (isNeeded && this.#heard[user]! >= AWAY) this.backMs.push(performance.now());
  }

  /** Somebody who tells the others something, and somebody who stays and is told last: then the server has taken in all before. */
  async openTeller(user: number, observerUser: number): Promise<void> {
    const client = await this.#stage.server.connect({
      user: observerUser,
      handlers: {
        onAck: () => undefined,
        onMessage: (number) => {
          this.#observer!.heard = Math.max(this.#observer!.heard, number);
        },
        onFault: this.faults.add,
      },
    });
    this.#observer = { user: observerUser, client, heard: 0 };
    this.#teller = await this.#stage.server.connect({
      user,
      handlers: {
        onAck: () => {
          this.#acked += 1;
        },
        onMessage: () => undefined,
        onFault: this.faults.add,
      },
    });
  }

  /** Tells everybody a text, and waits until the server has them all. */
  async tellAll(text: number): Promise<void> {
    this.#acked = 0;
    for (let user = 0; user < this.#heard.length; user++) {
      await this.#teller!.open(user);
      this.#teller!.send(text);
      const least = user - TELLING_WINDOW;
      if (this.#stage.peer.hasAcks && this.#acked < least) await until(() => this.#acked >= least);
    }
    const { user } = this.#observer!;
    await this.#teller!.open(user);
    this.#teller!.send(text);
    const acks = this.#stage.peer.hasAcks ? this.#heard.length + 1 : 0;
    await until(() => this.#observer!.heard >= text && this.#acked >= acks);
  }

  cutAll(): void {
    for (const [user, client] of this.#clients.entries()) this.#places[user] = client.cut();
    this.#clients.length = 0;
  }

  countWho(heardText: number): number {
    return this.#heard.filter((text) => text >= heardText).length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#teller?.close();
    await this.#observer?.client.close();
  }

  #hear(user: number, text: number): void {
    if (text <= 0) return;
    if (text <= this.#heard[user]!) {
      this.duplicated += 1;
      return;
    }
    this.#heard[user] = text;
    // It hears before its connection is handed over when it comes with the welcome.
    if (text === AWAY && this.#clients[user] !== undefined) this.backMs.push(performance.now());
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const untilMs = performance.now() + HEAR_MS_MAX;
  while (!isTrue() && performance.now() < untilMs) await pause(CHECK_MS);
}
