/**
 * Backups of the server while people chat, as the plan says: begun at a random moment by whatever process runs then, onto a
 * disk of their own that loses its power with the server. What became of them is judged when the run is over.
 *
 * Their chance is their own, so that seeds without backups are the runs that they were.
 */
import { failureCode, type Logger } from "@parley/base";
import type { BackupFiles, BackupSource } from "@parley/backup";
import { simulatedFiles } from "@parley/backup/simulation";
import type { Journal } from "@parley/engine-embedded";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { Backups, type BackupStatus, type Services } from "@parley/server";
import type { MemoryTableStore } from "@parley/tables";
import type { Kernel, Process } from "../kernel.js";
import type { Plan } from "../plan.js";
import type { PlantedBug } from "../planting.js";
import type { Marks } from "../recording/truth.js";
import { SeededRandom } from "../seeded-random.js";
import { snapshotRows } from "./row-copies.js";

/** Begun in one run, and each restored at its end. */
const BACKUPS_MAX = 3;
/** The slow ones take seconds, so that something happens to them. */
const BYTES_PER_SECOND = [0, 20_000, 200_000] as const;
/** Of the server that is copied. */
export const IDENTITY = { installation: "a".repeat(32), timeline: "b".repeat(32) };
const FORMAT = '{"format":2,"createdBy":"simulator"}\n';

export interface SimulatedBackupsOptions {
  readonly kernel: Kernel;
  readonly seed: number;
  readonly plan: Plan;
  readonly planted: PlantedBug;
  /** What everybody has been told by now. */
  readonly marks: () => Marks;
}

/** A backup that was begun. */
export interface BegunBackup {
  readonly directory: string;
  /** When it was begun. */
  readonly marks: Marks;
  /** Undefined when its process died before it had begun, "running" when it died before it was done. */
  readonly status: BackupStatus | undefined;
}

/** What a process of the server gives to be copied. */
export interface BackedUp {
  readonly process: Process;
  readonly journal: Journal;
  readonly services: Services;
  readonly store: MemoryTableStore;
  /** Where journal, keys and the cold store lie. */
  readonly disk: SimulatedDisk;
}

export class SimulatedBackups {
  readonly disk = new SimulatedDisk();
  readonly #begun: {
    readonly directory: string;
    readonly marks: Marks;
    readonly by: Backups;
    status: BackupStatus | undefined;
  }[] = [];
  readonly #options: SimulatedBackupsOptions;
  readonly #random: SeededRandom;
  #serving: { readonly backups: Backups; readonly process: Process } | undefined;

  constructor(options: SimulatedBackupsOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0xbac0_0b1e);
  }

  /** A process of the server has come up. */
  serve({ process, journal, services, store, disk }: BackedUp): void {
    const { plan, planted, kernel } = this.#options;
    if (plan.backupMs === undefined) return;
    disk.put("format.json", Buffer.from(FORMAT));
    this.disk.latency = () => process.sleep(this.#random.waitMs(plan.diskMs), `${process.name} backup`);
    const pause = (): Promise<void> =>
      process.sleep(this.#random.waitMs(plan.tableReadMs), `${process.name} snapshot`);
    const source: BackupSource = {
      identity: IDENTITY,
      directory: "",
      files: simulatedFiles(disk),
      journal: journal.files,
      snapshotRows: () => snapshotRows(store, pause),
      holdCold: () => services.tableStack.blocks.cold!.hold(),
    };
    // Why one has failed is asked at the end.
    const note = (event: string): void => kernel.note(process.name, event);
    const logger: Logger = { info: note, warn: note, error: note };
    const files: BackupFiles = simulatedFiles(this.disk);
    const backups = new Backups(
      planted.backupSource?.(source) ?? source,
      planted.backupFiles?.(files) ?? files,
      { ...process.ambient, logger },
    );
    this.#serving = { backups, process };
  }

  /** The process that ran has ended by itself or by force. */
  died(kind: "process" | "power"): void {
    this.#serving = undefined;
    if (kind === "power") this.disk.losePower(() => this.#random.isTrue(0.5));
    else this.disk.endProcess();
  }

  /** The server is told to stop: as it does, ends the backup that runs. Undefined where there are none. */
  stop(): Promise<void> | undefined {
    return this.#serving?.backups.stop();
  }

  /** Begins; the last backup begins before `untilMs`. */
  start(untilMs: number): void {
    const { kernel, plan } = this.#options;
    const meanMs = plan.backupMs;
    if (meanMs === undefined) return;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), "backup", () => {
        if (kernel.nowMs >= untilMs || this.#begun.length === BACKUPS_MAX) return;
        this.#begin();
        next();
      });
    };
    next();
  }

  /** Ends the backup that runs; all that were begun. */
  async ended(): Promise<readonly BegunBackup[]> {
    await this.stop();
    this.#noteStatus();
    return this.#begun;
  }

  #begin(): void {
    const serving = this.#serving;
    if (serving === undefined || serving.backups.status.state === "running") return;
    const directory = `backup-${this.#begun.length + 1}`;
    const bytesPerSecond = this.#random.pick(BYTES_PER_SECOND);
    this.#noteStatus();
    const { backups } = serving;
    this.#begun.push({ directory, marks: this.#options.marks(), by: backups, status: undefined });
    this.#options.kernel.note("backup", `begins ${directory}`);
    backups.start(directory, bytesPerSecond).catch((error: unknown) => {
      this.#options.kernel.note("backup", `does not begin: ${failureCode(error) ?? "unexpected"}`);
    });
  }

  /** What the process knows of its newest backup, before it knows of another one only. */
  #noteStatus(): void {
    const last = this.#begun.at(-1);
    if (last === undefined) return;
    const { status } = last.by;
    // What is of another one is of the one before.
    if (status.directory === last.directory) last.status = status;
  }
}
