/** Work on all tables that takes long: one at a time, in the background of the process that holds the data directory. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Ambient, Failure, failureCode, messageOf } from "@parley/base";
import type { CompactableTables, SnapshotTables } from "@parley/engine-embedded";
import type { Keyring } from "@parley/keys";
import type { MediaKeeper } from "@parley/media";
import type { IndexName } from "@parley/tables";
import type { HistoryKeeper, HistoryPolicy } from "../history/history-keeper.js";
import type { TableStack } from "../table-stack.js";
import type { ColdStore } from "./row-verifier.js";
import { TABLES } from "./table-catalog.js";
import { ReportBuilder } from "./verify-report.js";
import { type VerifyWork, verifyCounters, verifyIndexes, verifyRows } from "./verify-tables.js";

export const TABLE_JOB_KINDS = [
  "verify",
  "compact",
  "tidy-history",
  "tidy-media",
  "build-index",
  "drop-index",
  "verify-index",
] as const;
export type TableJobKind = (typeof TABLE_JOB_KINDS)[number];

/** Of the time, what work on an index takes while others work. */
const GENTLE_TIME_SHARE = 0.3;

export interface TableJobRequest {
  readonly kind: TableJobKind;
  /** Of a kind that is about an index: which one. */
  readonly index?: IndexName;
  /** Of "tidy-history": in place of what the installation says. */
  readonly policy?: HistoryPolicy;
  /** Whether others work meanwhile and come first. */
  readonly isGentle: boolean;
}

/** What became of the newest job. In values that survive JSON. */
export interface TableJobStatus {
  readonly state: "none" | "running" | "done" | "failed";
  /** What it is at, and how many rows, entries or partitions of that are done. */
  readonly step: string;
  readonly done: number;
  /** Of one that is done. */
  readonly result: unknown;
  /** Of one that failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What compacting resolves with: how much the files hold. */
export interface Compaction {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly packedRows: number;
}

export interface TableJobsOptions {
  readonly stack: TableStack;
  readonly level: CompactableTables & SnapshotTables;
  readonly keyring: Keyring | undefined;
  readonly ambient: Ambient;
  readonly historyKeeper: HistoryKeeper;
  readonly mediaKeeper: MediaKeeper;
  /** Where cold blocks are, and what opens them. */
  readonly cold: ColdStore;
  /** The directory of the engine. */
  readonly tablesPath: string;
}

const NONE: TableJobStatus = { state: "none", step: "", done: 0, result: null, error: null };

export class TableJobs {
  readonly #options: TableJobsOptions;
  #status = NONE;
  #running: Promise<void> | undefined;
  #isCancelled = false;

  constructor(options: TableJobsOptions) {
    this.#options = options;
  }

  get status(): TableJobStatus {
    return this.#status;
  }

  /** Begins a job; `status` tells how it goes. Errors: "tables-busy" while one runs. */
  start(request: TableJobRequest): void {
    if (this.#running !== undefined || this.#isCancelled) {
      throw new Failure("tables-busy", "The tables are being worked on: wait for the end of that.", {
        retry: "same",
      });
    }
    this.#status = { ...NONE, state: "running" };
    this.#running = this.#run(request);
  }

  /** Asks the job that runs to end soon. The closing of the tables ends it where it does not listen. */
  cancel(): void {
    this.#isCancelled = true;
  }

  /** Resolves when no job runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(request: TableJobRequest): Promise<void> {
    const { logger } = this.#options.ambient;
    try {
      const result = await this.#work(request);
      if (this.#isCancelled) throw new Failure("tables-closed", "The tables are closed.");
      this.#status = { ...this.#status, state: "done", result };
    } catch (error) {
      const code = failureCode(error) ?? "internal";
      this.#status = { ...this.#status, state: "failed", error: { code, message: messageOf(error) } };
      logger.error("table-job-failed", { kind: request.kind, code, error: messageOf(error) });
    } finally {
      this.#running = undefined;
    }
  }

  #work({ kind, index, policy, isGentle }: TableJobRequest): Promise<unknown> {
    const { stack, historyKeeper, mediaKeeper } = this.#options;
    const { direct } = stack;
    if (kind === "verify") return this.#verify(isGentle);
    if (kind === "compact") return this.#compact(isGentle);
    if (kind === "tidy-history") {
      const onProgress = (done: number): void => this.#tell("conversations", done);
      return stack.tables.flush().then(() => historyKeeper.run({ isGentle, policy, onProgress }));
    }
    if (kind === "tidy-media") {
      const onProgress = (done: number): void => this.#tell("files", done);
      return mediaKeeper.run({ isGentle, onProgress });
    }
    const name = index ?? { table: "", index: "" };
    const work = {
      ...(isGentle ? { timeShare: GENTLE_TIME_SHARE } : { timeShare: 1 }),
      onProgress: ({ step, done }: { readonly step: string; readonly done: number }) =>
        this.#tell(step, done),
    };
    if (kind === "build-index") return direct.buildIndex(name, work).then(() => null);
    if (kind === "drop-index") return direct.dropIndex(name, work).then(() => null);
    return direct.verifyIndex(name, work);
  }

  async #verify(isGentle: boolean): Promise<unknown> {
    const { stack, level, keyring, ambient, cold } = this.#options;
    const report = new ReportBuilder();
    const work: VerifyWork = {
      ambient,
      report,
      isGentle,
      onProgress: (step, done) => this.#tell(step, done),
      isCancelled: () => this.#isCancelled,
    };
    const indexes = stack.direct.indexStatus();
    await stack.tables.flush();
    // What rows of the snapshot lead to has to stay until they were looked at.
    const held = stack.blocks.cold?.hold();
    try {
      await verifyRows(level.snapshotRows(), { keyring, indexes, cold }, work);
    } finally {
      held?.release();
    }
    await verifyIndexes(stack.direct, work);
    await verifyCounters(stack.direct, work);
    return report.report();
  }

  async #compact(isGentle: boolean): Promise<Compaction> {
    const { stack, level, tablesPath } = this.#options;
    await stack.tables.flush();
    const bytesBefore = await bytesIn(tablesPath);
    let packedRows = 0;
    for (const { spec } of TABLES.filter((table) => table.spec.isPacked === true)) {
      let ofTable = 0;
      await stack.blocks.packAll(spec, {
        ...(isGentle ? {} : { pauseFactor: 0 }),
        onProgress: ({ partitions, rows }) => {
          ofTable = rows;
          this.#tell(`packing ${spec.name}`, partitions);
        },
      });
      packedRows += ofTable;
    }
    this.#tell("compacting", 0);
    await level.compact();
    return { bytesBefore, bytesAfter: await bytesIn(tablesPath), packedRows };
  }

  #tell(step: string, done: number): void {
    this.#status = { ...this.#status, step, done };
  }
}

/** Of the files of the engine. Some go while it is counted. */
async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    try {
      bytes += (await stat(join(directory, name))).size;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    }
  }
  return bytes;
}
