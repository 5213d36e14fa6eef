/**
 * The server: the real services on a simulated disk and simulated tables. It is killed, paused and stopped, and comes
 * back by itself, as under a supervisor.
 */
import { DirectoryObjects, type Journal, openJournal } from "@parley/engine-embedded";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { type Calls, Gateway } from "@parley/gateway";
import type { Keyring } from "@parley/keys";
import { ANNOUNCEMENT, CLASS_GROUP } from "@parley/scenarios";
import { type Services, type WiringOptions, journalLogs, wireServices } from "@parley/server";
import { type ColdOptions, compressAtOnce, MemoryTableStore, SealedTables, type Seals } from "@parley/tables";
import { failureCode, reasonOf } from "@parley/base";
import type { MediaCalls } from "@parley/contracts";
import { type Kernel, Process } from "./kernel.js";
import { tapJournal } from "./log-tap.js";
import type { Network } from "./network.js";
import type { PlantedBug } from "./planting.js";
import type { Plan } from "./plan.js";
import { IDENTITY, type SimulatedBackups } from "./backups/simulated-backups.js";
import type { LogTap } from "./recording/truth.js";
import { SeededRandom } from "./seeded-random.js";
import { openSimulatedKeyring } from "./simulated-keys.js";
import { mediaOptions, startCollecting } from "./simulated-media.js";
import { simulatedReviewers } from "./simulated-review.js";
import { openSimulatedTables } from "./simulated-tables.js";
import { startTidying } from "./tidying.js";

const JOURNAL = "journal";
const COLD = "cold";
const OBJECT_BYTES = 100_000;
/** Old messages are looked after for so long when nothing breaks any more. */
const TIDYING_AFTER_MS = 10_000;
const DRAIN_MS_MAX = 1_000;
const RESTART_MS_MEAN = 400;
/** A start that takes longer than this hangs. */
const START_MS_MAX = 60_000;

/** Messages that went cold, and that were removed. */
export interface Tidied {
  readonly coldRows: number;
  readonly removedRows: number;
}

export interface ServerOptions {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly plan: Plan;
  readonly tap: LogTap;
  /** A promise that this server breaks. */
  readonly planted: PlantedBug;
  readonly backups: SimulatedBackups;
  /** How a process notifies people; without it nobody is. */
  readonly push: ((process: Process) => WiringOptions["push"]) | undefined;
  /** Something that no fault explains. */
  readonly onTrouble: (what: string) => void;
}

interface Running {
  readonly process: Process;
  readonly services: Services;
  readonly gateway: Gateway;
  readonly files: MediaCalls | undefined;
  readonly calls: Calls;
}

export class ServerNode {
  readonly disk = new SimulatedDisk();
  readonly #options: ServerOptions;
  readonly #random: SeededRandom;
  readonly #store = new MemoryTableStore();
  #process: Process | undefined;
  #running: Running | undefined;
  #boots = 0;
  /** Of the processes that have ended. */
  #tidied: Tidied = { coldRows: 0, removedRows: 0 };
  /** Makes the disk slower by this factor. */
  diskSlowness = 1;
  /** An error of the disk is expected to end the process. */
  hasDiskFault = false;
  #skewMs = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#random = options.kernel.random.fork();
  }

  get services(): Services | undefined {
    return this.#running?.services;
  }

  /** The files, as people reach them. */
  get files(): MediaCalls | undefined {
    return this.#running?.files;
  }

  /** What the gateway asks, as people reach it. */
  get calls(): Calls | undefined {
    return this.#running?.calls;
  }

  get boots(): number {
    return this.#boots;
  }

  /** What became of old messages, in all processes. */
  get tidied(): Tidied {
    const { coldRows, removedRows } = this.#tidied;
    if (this.#running === undefined) return this.#tidied;
    const { movedRows, trimmedRows } = this.#running.services.tableStack.blocks.cold!.stats;
    return { coldRows: coldRows + movedRows, removedRows: removedRows + trimmedRows };
  }

  /** Starts a process. Resolves when it listens, or when it has ended again. */
  async start(): Promise<void> {
    const { kernel, plan, network, planted, backups } = this.#options;
    this.#boots += 1;
    const name = `server ${this.#boots}`;
    const process = new Process(kernel, name, {
      info: () => undefined,
      warn: (event) => kernel.note(name, event),
      error: (event, fields) => this.#onError(name, event, fields),
    });
    process.skewMs = this.#skewMs;
    this.#process = process;
    this.disk.latency = () =>
      process.sleep(this.#random.waitMs(plan.diskMs) * this.diskSlowness, `${name} disk`);
    kernel.note(name, "starts");
    const end = (error: unknown): void => this.#onFatal(process, error);
    let journal: Journal;
    try {
      const { clock, scheduler, logger } = process.ambient;
      const keyring = await openSimulatedKeyring(this.disk.mount(), clock);
      journal = await openJournal({
        directory: JOURNAL,
        logs: journalLogs(plan.partitions),
        scheduler,
        logger,
        segmentBytes: plan.segmentBytes,
        reserveBytes: 1,
        files: planted.files?.(this.disk.mount()) ?? this.disk.mount(),
        onFatal: end,
        keyring,
      });
      const stored = openSimulatedTables(this.#store, process, this.#random, {
        readMs: plan.tableReadMs,
        writeMs: plan.tableWriteMs,
        splitChance: plan.splitChance,
      });
      const tables = new SealedTables({ tables: stored, keyring, scheduler });
      const services = await wireServices(
        {
          ambient: process.ambient,
          ...limitsOf(plan),
          scenarios: [CLASS_GROUP, ANNOUNCEMENT],
          timeline: IDENTITY.timeline,
          onFatal: end,
          cold: this.#coldOptions(process, tables),
          media: this.#mediaOptions(keyring),
          ...this.#given(process),
        },
        {
          journal: tapJournal(planted.journal?.(journal) ?? journal, this.#options.tap),
          tables: planted.tables?.(tables) ?? tables,
        },
      );
      const calls = this.#offered(services);
      const gateway = new Gateway({
        calls,
        ambient: process.ambient,
        serverName: name,
        heartbeatMs: plan.heartbeatMs,
      });
      const media = services.media?.service;
      const files = media && (planted.media?.(media) ?? media);
      this.#running = { process, services, gateway, files, calls };
      this.#lookAfter(process, services);
      backups.serve({ process, journal, services, store: this.#store, disk: this.disk });
      network.listen(process, (socket) => gateway.accept(socket));
      kernel.note(name, "listens");
    } catch (error) {
      end(error);
    }
  }

  /** Old messages and files, until some time after the trouble. */
  #lookAfter(process: Process, services: Services): void {
    const { kernel, plan } = this.#options;
    const { cold, mediaMs, trimMs, busyMs } = plan;
    const onTrouble = (error: unknown): void => this.#onTidying(process, error);
    const hasTrims = trimMs !== undefined;
    const isOver = (): boolean => kernel.nowMs > busyMs + TIDYING_AFTER_MS;
    if (cold !== undefined) startTidying({ services, process, plan: cold, hasTrims, isOver, onTrouble });
    if (mediaMs === undefined) return;
    const random = new SeededRandom(this.#boots ^ 0x3ed1);
    startCollecting({ services, process, random, isOver, onTrouble });
  }

  #reviewers(process: Process): Pick<WiringOptions, "reviewer" | "laterReviewer"> {
    const { kernel, plan } = this.#options;
    if (plan.review === undefined) return {};
    return simulatedReviewers(process, plan.review, () => kernel.nowMs > plan.busyMs);
  }

  /** What people ask, as the planted bug has it. */
  #offered({ accounts, message, sync, notify }: Services): Calls {
    const calls = { accounts, message, sync, notify };
    return this.#options.planted.calls?.(calls, this.#random) ?? calls;
  }

  /** What an operator gives a server. */
  #given(process: Process): Pick<WiringOptions, "reviewer" | "laterReviewer" | "push"> {
    const push = this.#options.push?.(process);
    return { ...this.#reviewers(process), ...(push === undefined ? {} : { push }) };
  }

  #mediaOptions(keyring: Keyring): WiringOptions["media"] {
    const { plan, planted } = this.#options;
    if (plan.mediaMs === undefined) return undefined;
    return mediaOptions(this.disk.mount(), keyring, planted.parts);
  }

  #coldOptions({ ambient }: Process, seals: Seals): ColdOptions {
    const { plan, planted } = this.#options;
    const objects = new DirectoryObjects(COLD, this.disk.mount());
    return {
      objects: planted.objects?.(objects) ?? objects,
      seals,
      random: ambient.random,
      compress: compressAtOnce,
      objectBytes: plan.cold?.objectBytes ?? OBJECT_BYTES,
    };
  }

  /** Ends the process at this very point, or pulls the plug of its machine. */
  crash(kind: "process" | "power"): void {
    const process = this.#process;
    if (process?.isAlive !== true) return;
    this.#end(process, kind);
    this.#restartSoon();
  }

  /** As SIGTERM does: answers, flushes, ends, and comes back. */
  stopInOrder(): void {
    const running = this.#running;
    if (running === undefined) return;
    const { process, gateway, services } = running;
    const { kernel, network } = this.#options;
    kernel.note(process.name, "stops");
    this.#tidied = this.tidied;
    this.#running = undefined;
    network.stopListening();
    const stop = async (): Promise<void> => {
      const backup = this.#options.backups.stop();
      if (backup !== undefined) await backup;
      await gateway.drain(DRAIN_MS_MAX);
      await services.close();
      // It may have ended by itself meanwhile, and have been started again.
      if (!process.isAlive) return;
      this.#end(process, "process");
      this.#restartSoon();
    };
    stop().catch((error: unknown) => this.#onFatal(process, error));
  }

  pause(forMs: number): void {
    this.#process?.pause(forMs);
  }

  /** The wall clock is set to something else, for this and the next processes. */
  jump(byMs: number): void {
    this.#skewMs += byMs;
    if (this.#process !== undefined) this.#process.skewMs = this.#skewMs;
    this.#options.kernel.note("server", `clock jumps by ${byMs} ms`);
  }

  #end(process: Process, kind: "process" | "power"): void {
    const { network } = this.#options;
    process.kill();
    this.#tidied = this.tidied;
    this.#running = undefined;
    network.stopListening();
    this.#options.backups.died(kind);
    if (kind === "power") {
      this.disk.losePower(() => this.#random.isTrue(0.5));
      this.#store.crash();
    } else {
      this.disk.endProcess();
      this.#store.crash();
    }
    // The system of a dead process resets its connections; a dead machine says nothing.
    for (const link of network.openLinks) link.serverDied(kind === "process" || this.#random.isTrue(0.5));
  }

  #restartSoon(): void {
    const { kernel, onTrouble } = this.#options;
    kernel.after(this.#random.waitMs(RESTART_MS_MEAN), "server restarts", () => {
      const boot = this.#boots + 1;
      this.start().catch((error: unknown) => onTrouble(`start failed: ${reasonOf(error)}`));
      kernel.after(START_MS_MAX, "server start is over", () => {
        const isStuck =
          this.#boots === boot && this.#process?.isAlive === true && this.#running === undefined;
        if (isStuck) onTrouble(`server ${boot} did not come up in ${START_MS_MAX} ms`);
      });
    });
  }

  #onFatal(process: Process, error: unknown): void {
    // What a dead process says, it never said.
    if (!process.isAlive) return;
    const { kernel, onTrouble } = this.#options;
    kernel.note(process.name, `ends: ${failureCode(error) ?? "unexpected"}`);
    if (!this.hasDiskFault) onTrouble(`${process.name} ended by itself: ${reasonOf(error)}`);
    this.#end(process, "process");
    this.#restartSoon();
  }

  /** What a broken disk does to the cold tier is no more than that: messages stay where they are. */
  #onTidying(process: Process, error: unknown): void {
    if (this.hasDiskFault) return;
    this.#options.onTrouble(`${process.name} could not look after old messages: ${reasonOf(error)}`);
  }

  #onError(
    name: string,
    event: string,
    fields: Readonly<Record<string, string | number | boolean>> | undefined,
  ): void {
    const { kernel, onTrouble } = this.#options;
    kernel.note(name, `logs ${event}`);
    if (event !== "disk-full" && !this.hasDiskFault)
      onTrouble(`${name} logged ${event}: ${JSON.stringify(fields ?? {})}`);
  }
}

function limitsOf(
  plan: Plan,
): Pick<WiringOptions, "retentionDays" | "queueEvents" | "rebaseEvents" | "sharedFromMembers"> {
  const { retentionDays, queueEvents, rebaseEvents, sharedFrom } = plan;
  const ofQueues = queueEvents === undefined ? {} : { queueEvents };
  return { retentionDays, ...ofQueues, rebaseEvents, sharedFromMembers: sharedFrom };
}
