/**
 * Parley beside other systems and beside the limit of this runtime: every system does the same work, one after another and never two
 * at a time, in rounds in which they take turns at being first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@parley/base";
import type { Peer, PeerServer } from "../peers/peer.js";
import {
  type Durability,
  type Ratio,
  type ScenarioName,
  type SystemReport,
  ratiosOf,
  spreadsOf,
} from "../peers/report.js";
import { withinMs } from "../load/within.js";
import { runDirect } from "../peers/run/direct.js";
import { runGroup } from "../peers/run/group.js";
import { WARM_UP_CONNECTIONS, runIdle } from "../peers/run/idle.js";
import { runReconnect } from "../peers/run/reconnect.js";
import type { Figures, Measured, Stage } from "../peers/run/stage.js";
import { countSyncs, hasStrace } from "../peers/syncs.js";
import { pinThisProcess } from "../process-figures.js";
import { thousandths } from "../rounding.js";

export interface PeersPlan {
  readonly systems: readonly Peer[];
  readonly scenarios: readonly ScenarioName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Messages a second in the scenario "rate". */
  readonly rate: number;
  readonly pairs: number;
  readonly window: number;
  /** Of the group, all of them connected. */
  readonly members: number;
  readonly connections: number;
  readonly clients: number;
  readonly isPinned: boolean;
  /** Where data directories are made; the measured disk. */
  readonly directory: string | undefined;
}

export interface PeersReport {
  readonly systems: readonly SystemReport[];
  readonly ratios: readonly Ratio[];
  readonly setting: Readonly<Record<string, string | number | boolean>>;
  /** What makes the run worthless: faults of Parley itself, or nothing that was measured. */
  readonly complaints: readonly string[];
}

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
const GROUP_WRITERS = 20;
/** Small, since a server may read all that is under way, times 500, before it writes anything: seconds, for the slow ones. */
const GROUP_WINDOW = 2;
/** Messages a second in the group where latency is measured. */
const GROUP_RATE = 10;
/** Above this share of a processor the load and not the server decides. */
const GENERATOR_SHARE_MAX = 0.9;
/** Beyond its warm-up and measured time: starting, making users, connecting, draining, stopping. */
const RUN_MS_MAX = 300_000;
/** The load under which sync calls are counted. */
const COUNTED = { pairs: 20, window: 8, seconds: 3, warmUpSeconds: 0, rate: 500 } as const;

export async function measurePeers(plan: PeersPlan, say: (line: string) => void): Promise<PeersReport> {
  const isPinned = plan.isPinned && pinThisProcess(GENERATOR_CORE);
  const core = isPinned ? SERVER_CORE : undefined;
  const entries = plan.systems.map((peer) => new Entry(peer));
  for (const { peer, skipped } of entries) if (skipped !== null) say(`${peer.name}: skipped. ${skipped}`);
  const present = entries.filter(({ skipped }) => skipped === null);
  for (let round = 0; round < plan.rounds; round++) {
    for (const scenario of plan.scenarios) {
      for (const entry of inTurn(present, round, plan.rounds)) {
        say(`round ${round + 1} of ${plan.rounds}: ${scenario}, ${entry.peer.name}`);
        await entry.measure(scenario, plan, core);
      }
    }
  }
  for (const entry of present) {
    say(`sync calls of ${entry.peer.name}`);
    await entry.countSyncs(plan, core);
  }
  const systems = entries.map((entry) => entry.report());
  return {
    systems,
    ratios: ratiosOf(systems),
    setting: settingOf(plan, isPinned),
    complaints: complaintsAbout(systems),
  };
}

/** The systems of a round: everybody comes early in some round and late in another. */
export function inTurn<T>(systems: readonly T[], round: number, rounds: number): T[] {
  const first = Math.floor((round * systems.length) / rounds) % Math.max(1, systems.length);
  return [...systems.slice(first), ...systems.slice(0, first)];
}

/** One system and what was measured of it so far. */
class Entry {
  readonly peer: Peer;
  readonly skipped: string | null;
  readonly #version: string | null;
  readonly #measured = new Map<ScenarioName, Figures[]>();
  readonly #notes: string[] = [];
  #configuration: string | null = null;
  #durability: Durability | null = null;

  constructor(peer: Peer) {
    this.peer = peer;
    const found = peer.find();
    this.skipped = "whySkipped" in found ? found.whySkipped : null;
    this.#version = "version" in found ? found.version : null;
  }

  async measure(scenario: ScenarioName, plan: PeersPlan, core: number | undefined): Promise<void> {
    try {
      const { figures, faults } = await this.#withServer(plan, usersOf(scenario, plan), core, (server) =>
        run(scenario, plan, { peer: this.peer, server }),
      );
      this.#measured.set(scenario, [...(this.#measured.get(scenario) ?? []), figures]);
      this.#notes.push(...faults.map((fault) => `${scenario}: ${fault}`), ...notesOn(scenario, figures));
    } catch (error) {
      this.#notes.push(`${scenario}: not measured. ${messageOf(error)}`);
    }
  }

  async countSyncs(plan: PeersPlan, core: number | undefined): Promise<void> {
    if (!hasStrace()) {
      this.#durability = { notCounted: "strace is not here: apt-get install strace" };
      return;
    }
    try {
      this.#durability = await this.#withServer(plan, COUNTED.pairs * 2, core, async (server, directory) => {
        let messages = 0;
        const calls = await countSyncs(server, directory, async () => {
          const { figures } = await runDirect(COUNTED, { peer: this.peer, server });
          messages = figures["messages_checked"] ?? 0;
        });
        const sum = Object.values(calls).reduce((count, each) => count + each, 0);
        return { messages, calls, syncsPerMessage: thousandths(sum / messages) };
      });
    } catch (error) {
      this.#durability = { notCounted: messageOf(error) };
    }
  }

  report(): SystemReport {
    const { peer, skipped } = this;
    const scenarios: SystemReport["scenarios"] = Object.fromEntries(
      [...this.#measured].map(([scenario, rounds]) => [scenario, spreadsOf(rounds)]),
    );
    return {
      name: peer.name,
      kind: peer.kind,
      promise: peer.promise,
      version: this.#version,
      skipped,
      configuration: this.#configuration,
      durability: this.#durability,
      scenarios,
      notes: this.#notes,
    };
  }

  /** Runs work against a server of its own with nothing in it. Errors: what starting it or the work throws, or that it took too long. */
  async #withServer<T>(
    plan: PeersPlan,
    users: number,
    core: number | undefined,
    work: (server: PeerServer, directory: string) => Promise<T>,
  ): Promise<T> {
    const directory = mkdtempSync(join(plan.directory ?? tmpdir(), "parley-peers-"));
    const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    process.once("exit", remove);
    try {
      const server = await this.peer.start({ directory, users, core });
      this.#configuration = server.configuration.replaceAll(directory, "DIRECTORY");
      try {
        const limitMs = RUN_MS_MAX + (plan.seconds + plan.warmUpSeconds) * 1000;
        return await withinMs(limitMs, `It took longer than ${limitMs / 1000} s.`, (resolve, reject) => {
          work(server, directory).then(resolve, reject);
        });
      } finally {
        await server.stop();
      }
    } finally {
      process.off("exit", remove);
      remove();
    }
  }
}

function run(scenario: ScenarioName, plan: PeersPlan, stage: Stage): Promise<Measured> {
  const { pairs, window, seconds, warmUpSeconds, members, connections, clients } = plan;
  const timing = { seconds, warmUpSeconds };
  const group = { members, writers: Math.min(GROUP_WRITERS, members), window: GROUP_WINDOW, ...timing };
  switch (scenario) {
    case "direct":
      return runDirect({ pairs, window, ...timing, rate: undefined }, stage);
    case "rate":
      return runDirect({ pairs, window, ...timing, rate: plan.rate }, stage);
    case "group":
      return runGroup({ ...group, rate: undefined }, stage);
    case "group-rate":
      return runGroup({ ...group, rate: GROUP_RATE }, stage);
    case "idle":
      return runIdle({ connections }, stage);
    case "reconnect":
      return runReconnect({ clients }, stage);
  }
}

function usersOf(scenario: ScenarioName, { pairs, members, connections, clients }: PeersPlan): number {
  if (scenario === "idle") return connections + WARM_UP_CONNECTIONS;
  if (scenario === "reconnect") return clients + 2;
  return scenario === "direct" || scenario === "rate" ? pairs * 2 : members;
}

function notesOn(scenario: ScenarioName, figures: Figures): string[] {
  const notes: string[] = [];
  for (const fault of ["lost", "duplicated", "misordered", "unanswered"] as const)
    if ((figures[fault] ?? 0) > 0) notes.push(`${scenario}: ${figures[fault]} ${fault}.`);
  const isThroughput = scenario === "direct" || scenario === "group";
  if (isThroughput && (figures["generator_cpu_share"] ?? 0) > GENERATOR_SHARE_MAX)
    notes.push(
      `${scenario}: the load used ${figures["generator_cpu_share"]} of a processor: it and not the server was the bottleneck.`,
    );
  return notes;
}

function complaintsAbout(systems: readonly SystemReport[]): string[] {
  const complaints: string[] = [];
  for (const { name, kind, notes, scenarios, skipped } of systems) {
    if (skipped === null && Object.keys(scenarios).length === 0) complaints.push(`${name} was not measured.`);
    if (kind !== "parley") continue;
    complaints.push(
      ...notes.filter((note) => !note.includes("bottleneck")).map((note) => `${name}: ${note}`),
    );
  }
  return complaints;
}

function settingOf(plan: PeersPlan, isPinned: boolean): PeersReport["setting"] {
  const { rounds, seconds, warmUpSeconds, rate, pairs, window, members, connections, clients } = plan;
  return {
    rounds,
    seconds,
    warm_up_seconds: warmUpSeconds,
    rate,
    pairs,
    window,
    group_members: members,
    group_writers: GROUP_WRITERS,
    group_window: GROUP_WINDOW,
    group_rate: GROUP_RATE,
    connections,
    clients,
    pinned: isPinned,
    node: process.version,
    platform: `${platform()} ${release()}`,
    processor: `${cpus().length} of ${cpus()[0]?.model ?? "unknown"}`,
    started: new Date().toISOString(),
  };
}
