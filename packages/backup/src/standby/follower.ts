/**
 * A standby: fetches a base, then writes what follows into its journal, for as long as it runs.
 *
 *   no copy ──fetch──► following ──lost (diverged, trimmed, damaged)──► fetch, the old copy stays until the new one is there
 *                        │  └─unreachable─► wait, ever longer, and go on where it was
 *                        └─journal too long─► fetch beside it, then take over what was received meanwhile
 *
 *   T1  What counts as received is durable, whole and checked; so are the keys that it needs.
 *   T2  At every moment there is a copy that can be promoted, once there was a first one.
 */
import { type Ambient, Failure, failureCode, messageOf, sleep } from "@parley/base";
import { join } from "node:path";
import type { Primary } from "./primary.js";
import {
  type StandbyCopy,
  type StandbyFolder,
  copyDirectory,
  fetchCopy,
  findCopy,
  journalBytes,
  removeOthers,
  useCopy,
  writeKeys,
} from "./standby-directory.js";
import { CHUNK_BYTES_MAX } from "./standby-source.js";
import { TailWriter } from "./tail-writer.js";

const CHUNK_BYTES = 4 * 1024 * 1024;
const WAIT_MS = 5_000;
/** What was current is so no longer without an answer. */
const SILENT_MS_MAX = 2 * WAIT_MS;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 15_000;
/** A new base beside the old one is tried again after this. */
const REFRESH_RETRY_MS = 60_000;
const LOST = new Set(["standby-diverged", "standby-trimmed", "log-corrupt", "log-layout-mismatch"]);

export interface FollowerOptions {
  readonly folder: StandbyFolder;
  readonly primary: Primary;
  /** Names this standby. */
  readonly standby: string;
  readonly ambient: Ambient;
  /** A longer journal is replaced by a new base, so that a promoted one starts soon. */
  readonly journalBytesMax: number;
}

/** How a standby stands. In values that survive JSON. */
export interface FollowerStatus {
  readonly state: "starting" | "fetching" | "following" | "waiting" | "stopped";
  /** False until there is a copy that can be promoted. */
  readonly canBePromoted: boolean;
  readonly segment: number;
  readonly position: number;
  readonly records: number;
  readonly behindBytes: number;
  readonly behindRecords: number;
  /** Since it last had everything that the primary had; 0 while it has. */
  readonly behindSeconds: number;
  readonly basesFetched: number;
  /** Why it waits; empty when it does not. */
  readonly problem: string;
}

const BEGIN = {
  state: "starting",
  canBePromoted: false,
  segment: 0,
  position: 0,
  records: 0,
  behindBytes: 0,
  behindRecords: 0,
  basesFetched: 0,
  problem: "",
} as const satisfies Omit<FollowerStatus, "behindSeconds">;

export class Follower {
  readonly #options: FollowerOptions;
  #status: Omit<FollowerStatus, "behindSeconds"> = BEGIN;
  #currentMs: number;
  #isStopped = false;
  #copy: StandbyCopy | undefined;
  #writer: TailWriter | undefined;
  #keysPrint = "";
  #journalBytes = 0;
  #bytesMax = CHUNK_BYTES;
  #refresh: Promise<void> | undefined;
  #refreshed: StandbyCopy | undefined;
  #refreshNotBeforeMs = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#currentMs = options.ambient.clock.monotonicMs();
  }

  get status(): FollowerStatus {
    const behindMs = this.#options.ambient.clock.monotonicMs() - this.#currentMs;
    // A primary that has nothing new says so; one that says nothing may have anything.
    const isHeard = behindMs <= SILENT_MS_MAX;
    const isCurrent = this.#status.state === "following" && this.#status.behindBytes === 0 && isHeard;
    return { ...this.#status, behindSeconds: isCurrent ? 0 : behindMs / 1000 };
  }

  /** Follows until `stop`. Errors: "standby-foreign", "standby-refused"; all others are tried again. */
  async run(): Promise<void> {
    const { ambient, folder } = this.#options;
    this.#copy = await findCopy(folder);
    await removeOthers(folder, this.#copy);
    let retryMs = RETRY_MS_MIN;
    while (!this.#isStopped) {
      try {
        await this.#step();
        retryMs = RETRY_MS_MIN;
      } catch (error) {
        await this.#closeWriter();
        const code = failureCode(error);
        if (code === "standby-refused" || code === "standby-foreign") throw error;
        if (code !== undefined && LOST.has(code)) await this.#replace(error);
        this.#wait(error);
        await sleep(ambient.scheduler, retryMs * (0.5 + ambient.random.unit() / 2));
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
    await this.#closeWriter();
    await this.#refresh;
    this.#set({ state: "stopped" });
  }

  /** `run` resolves soon after. */
  stop(): void {
    this.#isStopped = true;
  }

  async #step(): Promise<void> {
    if (this.#copy === undefined) await this.#fetchFirst();
    else if (this.#refreshed !== undefined) await this.#takeRefreshed(this.#copy, this.#refreshed);
    else await this.#follow(this.#copy);
  }

  async #fetchFirst(): Promise<void> {
    this.#set({ state: "fetching" });
    const { folder, primary, standby } = this.#options;
    const copy = await fetchCopy(folder, primary, standby);
    await useCopy(folder, copy);
    this.#begin(copy);
  }

  #begin(copy: StandbyCopy): void {
    this.#copy = copy;
    this.#keysPrint = "";
    this.#set({ basesFetched: this.#status.basesFetched + 1 });
    this.#options.ambient.logger.info("standby-base-fetched", { id: copy.id, timeline: copy.timeline });
  }

  /** One request, and what it brings. */
  async #follow(copy: StandbyCopy): Promise<void> {
    const { folder, primary, standby } = this.#options;
    if (this.#writer === undefined) {
      this.#writer = await TailWriter.open(
        folder.files,
        join(copyDirectory(folder.directory, copy), "journal"),
      );
      this.#journalBytes = await journalBytes(folder, copy);
      this.#set({ canBePromoted: true });
    }
    const writer = this.#writer;
    const { segment, position, records, check } = writer;
    const { installation, timeline } = copy;
    const chunk = await primary.tail({
      standby,
      installation,
      timeline,
      segment,
      position,
      records,
      ...check,
      bytesMax: this.#bytesMax,
      // At first it only has to be known how far the primary is.
      waitMs: this.#status.state === "following" ? WAIT_MS : 0,
    });
    // Keys first: what is received can be read.
    if (chunk.keysPrint !== this.#keysPrint) {
      await writeKeys(folder, copy, await primary.keys());
      this.#keysPrint = chunk.keysPrint;
    }
    const taken = await writer.add(chunk.bytes);
    this.#journalBytes += taken;
    if (taken === 0 && chunk.bytes.length >= this.#bytesMax) this.#growChunk();
    else this.#bytesMax = CHUNK_BYTES;
    if (chunk.isComplete && taken === chunk.bytes.length) await writer.next();
    const behindBytes = chunk.behindBytes + chunk.bytes.length - taken;
    if (behindBytes === 0) this.#currentMs = this.#options.ambient.clock.monotonicMs();
    this.#set({
      state: "following",
      segment: writer.segment,
      position: writer.position,
      records: writer.records,
      behindBytes,
      behindRecords: Math.max(0, chunk.records - writer.records),
      problem: "",
    });
    this.#refreshIfLong();
  }

  /** A commit that is larger than a chunk. */
  #growChunk(): void {
    if (this.#bytesMax >= CHUNK_BYTES_MAX) {
      throw new Failure("log-corrupt", "The primary gives a commit that has no end: a new base is needed.");
    }
    this.#bytesMax = Math.min(this.#bytesMax * 2, CHUNK_BYTES_MAX);
  }

  /** What the copy has cannot be continued; it stays until there is another one. */
  async #replace(error: unknown): Promise<void> {
    const { ambient, folder, primary, standby } = this.#options;
    ambient.logger.warn("standby-needs-base", { code: failureCode(error) ?? "", error: messageOf(error) });
    await this.#refresh;
    this.#refreshed = undefined;
    this.#set({ state: "fetching", problem: messageOf(error) });
    try {
      const copy = await fetchCopy(folder, primary, standby);
      await useCopy(folder, copy);
      this.#begin(copy);
    } catch (cause) {
      // Tried again, by way of the same refusal.
      this.#wait(cause);
    }
  }

  #refreshIfLong(): void {
    const { ambient, folder, primary, standby, journalBytesMax } = this.#options;
    const nowMs = ambient.clock.monotonicMs();
    const isDue = this.#journalBytes > journalBytesMax && nowMs >= this.#refreshNotBeforeMs;
    if (!isDue || this.#refresh !== undefined || this.#refreshed !== undefined) return;
    this.#refresh = fetchCopy(folder, primary, standby)
      .then(
        (copy) => {
          this.#refreshed = copy;
        },
        (error: unknown) => {
          this.#refreshNotBeforeMs = ambient.clock.monotonicMs() + REFRESH_RETRY_MS;
          ambient.logger.warn("standby-base-failed", { error: messageOf(error) });
        },
      )
      .finally(() => {
        this.#refresh = undefined;
      });
  }

  /** Goes over to the new copy as soon as what was received reaches behind the place where it begins. */
  async #takeRefreshed(old: StandbyCopy, copy: StandbyCopy): Promise<void> {
    const { segment, position } = this.#status;
    if (copy.timeline !== old.timeline) {
      this.#refreshed = undefined;
      return;
    }
    if (segment < copy.segment || (segment === copy.segment && position < copy.bytes)) {
      await this.#follow(old);
      return;
    }
    await this.#closeWriter();
    const { folder } = this.#options;
    await useCopy(folder, copy, join(copyDirectory(folder.directory, old), "journal"));
    this.#refreshed = undefined;
    this.#begin(copy);
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  #wait(error: unknown): void {
    const problem = messageOf(error);
    if (problem !== this.#status.problem) {
      const { logger } = this.#options.ambient;
      logger.warn("standby-waits", { code: failureCode(error) ?? "unexpected", error: problem });
    }
    this.#set({ state: "waiting", problem });
  }

  #set(change: Partial<Omit<FollowerStatus, "behindSeconds">>): void {
    this.#status = { ...this.#status, ...change };
  }
}
