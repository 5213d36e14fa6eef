/**
 * The primary's side of standbys: gives bases and what follows, keeps segments until they are received, and knows how far
 * behind each standby is.
 *
 * What a standby has not received is kept up to `keepBytes`; beyond that it is let go, and the standby fetches a new base. So
 * a standby that is gone does not fill the primary's disk.
 */
import { type Ambient, Failure, type Timer } from "@parley/base";
import type { JournalFiles, SegmentHold } from "@parley/engine-embedded";
import { crc32 } from "node:zlib";
import type { Manifest } from "../manifest.js";
import { type SmallFile, keysAmong, readStable } from "../stable-files.js";
import { type BackupSink, type BackupSource, takeBackup } from "../take-backup.js";
import type { Primary, TailChunk, TailRequest } from "./primary.js";

export const STANDBYS_MAX = 8;
export const CHUNK_BYTES_MAX = 256 * 1024 * 1024;
const WAIT_MS_MAX = 10_000;
/** Of what a standby holds, compared with each request. */
export const CHECK_BYTES_MAX = 64 * 1024;
/** Looked at in this measure also when nobody asks. */
const LOOK_MS = 1_000;
const STANDBY_ID = /^[\w-]{1,64}$/;

export interface StandbySourceOptions {
  readonly source: BackupSource;
  readonly ambient: Ambient;
  /** Of the journal, kept for a standby that has not received it. */
  readonly keepBytes: number;
  /** Of a base. 0 for no limit. */
  readonly bytesPerSecond: number;
}

/** How far a standby is. In values that survive JSON. */
export interface StandbyStatus {
  readonly standby: string;
  readonly behindBytes: number;
  readonly behindRecords: number;
  /** Since it last had everything; 0 while it has. */
  readonly behindSeconds: number;
  /** Since it was last heard. */
  readonly silentSeconds: number;
  /** What it needs is kept for it. */
  readonly isKept: boolean;
}

interface Known {
  readonly standby: string;
  hold: SegmentHold | undefined;
  segment: number;
  position: number;
  records: number;
  behindBytes: number;
  currentMs: number;
  heardMs: number;
}

export class StandbySource implements Primary {
  readonly #options: StandbySourceOptions;
  readonly #journal: JournalFiles;
  readonly #known = new Map<string, Known>();
  readonly #timer: Timer;
  readonly #waiting = new Set<() => void>();
  #isGivingBase = false;
  /** What follows the base that is being given. */
  #following: { readonly hold: SegmentHold; readonly segment: number; isKept: boolean } | undefined;
  #isStopped = false;

  constructor(options: StandbySourceOptions) {
    this.#options = options;
    this.#journal = options.source.journal;
    this.#timer = options.ambient.scheduler.every(LOOK_MS, () => void this.#look());
  }

  get status(): readonly StandbyStatus[] {
    const nowMs = this.#options.ambient.clock.monotonicMs();
    const total = this.#records();
    return [...this.#known.values()].map((known) => ({
      standby: known.standby,
      behindBytes: known.behindBytes,
      behindRecords: Math.max(0, total - known.records),
      behindSeconds: known.behindBytes === 0 ? 0 : (nowMs - known.currentMs) / 1000,
      silentSeconds: (nowMs - known.heardMs) / 1000,
      isKept: known.hold !== undefined,
    }));
  }

  async base(standby: string, sink: BackupSink): Promise<Manifest> {
    const { source, ambient, bytesPerSecond } = this.#options;
    const known = this.#know(standby);
    if (this.#isGivingBase || this.#isStopped) {
      throw new Failure("standby-busy", "Another standby is being given a base: it comes later.", {
        retry: "same",
      });
    }
    this.#isGivingBase = true;
    // What comes after the base is held before the base lets go of what it held.
    const hold = await this.#journal.hold();
    try {
      const began = this.#journal.durableEnd().segment;
      const isCancelled = (): boolean => this.#isStopped;
      const following = { hold, segment: began, isKept: true };
      this.#following = following;
      const manifest = await takeBackup(source, sink, { ambient, bytesPerSecond, isCancelled });
      if (!following.isKept) throw tooSlow();
      hold.moveTo(began);
      // One that follows meanwhile has a hold further on: it needs this one only with the new base.
      if (known.hold === undefined || known.hold.segment > began) {
        known.hold?.release();
        known.hold = hold;
      } else hold.release();
      return manifest;
    } catch (error) {
      hold.release();
      throw error;
    } finally {
      this.#isGivingBase = false;
      this.#following = undefined;
    }
  }

  async tail(request: TailRequest): Promise<TailChunk> {
    const { installation, timeline } = this.#options.source.identity;
    if (request.installation !== installation || request.timeline !== timeline) throw diverged();
    const known = this.#know(request.standby);
    known.heardMs = this.#options.ambient.clock.monotonicMs();
    const segments = await this.#journal.list();
    if (request.segment < segments[0]!.segment) throw trimmed();
    const isNext = request.segment === segments.at(-1)!.segment + 1 && request.position === 0;
    const found = segments.find(({ segment }) => segment === request.segment);
    if (found === undefined && !isNext) throw diverged();
    if (found !== undefined) await this.#requireSame(request, found.bytes);
    known.segment = request.segment;
    known.position = request.position;
    known.records = request.records;
    known.hold ??= await this.#journal.hold();
    known.hold.moveTo(request.segment);
    known.behindBytes = behind(await this.#journal.list(), request.segment, request.position);
    if (known.behindBytes === 0) {
      known.currentMs = known.heardMs;
      await this.#wait(Math.min(request.waitMs, WAIT_MS_MAX));
    }
    return this.#chunk(request);
  }

  keys(): Promise<readonly SmallFile[]> {
    return this.#readKeys();
  }

  /** Ends what is under way, and keeps nothing any more. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
    for (const wake of this.#waiting) wake();
    for (const known of this.#known.values()) known.hold?.release();
    this.#known.clear();
  }

  async #chunk(request: TailRequest): Promise<TailChunk> {
    const { segment, position } = request;
    const end = this.#journal.durableEnd();
    const records = this.#records();
    const list = await this.#journal.list();
    const found = list.find((each) => each.segment === segment);
    const available = found === undefined ? 0 : segment === end.segment ? end.bytes : found.bytes;
    const length = Math.max(0, Math.min(available - position, request.bytesMax, CHUNK_BYTES_MAX));
    const bytes = length === 0 ? Buffer.alloc(0) : await this.#journal.read(segment, position, length);
    const isComplete = segment < end.segment && position + bytes.length === available;
    const behindBytes = behind(list, segment, position);
    // After the bytes were read: keys are durable before they are used, so these have all that the bytes need.
    const keysPrint = printOf(await this.#readKeys());
    return { bytes, isComplete, behindBytes: behindBytes - bytes.length, records, keysPrint };
  }

  async #requireSame(
    { segment, position, checkFrom, checkCrc }: TailRequest,
    available: number,
  ): Promise<void> {
    const length = position - checkFrom;
    if (position > available || length < 0 || length > CHECK_BYTES_MAX) throw diverged();
    if (length === 0) return;
    const bytes = await this.#journal.read(segment, checkFrom, length);
    if (bytes.length !== length || crc32(bytes) !== checkCrc) throw diverged();
  }

  async #wait(waitMs: number): Promise<void> {
    if (waitMs <= 0 || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        remove();
        timer.cancel();
        resolve();
      };
      const remove = this.#journal.onDurable(wake);
      const timer = this.#options.ambient.scheduler.after(waitMs, wake);
      this.#waiting.add(wake);
    });
  }

  /** Lets go of what is kept for those who are too far behind. */
  async #look(): Promise<void> {
    if (this.#known.size === 0) return;
    const list = await this.#journal.list().catch(() => undefined);
    const following = this.#following;
    if (list !== undefined && following?.isKept === true) {
      following.isKept = behind(list, following.segment, 0) <= this.#options.keepBytes;
      if (!following.isKept) following.hold.release();
    }
    for (const known of this.#known.values()) {
      if (list === undefined || known.hold === undefined) continue;
      known.behindBytes = behind(list, Math.max(known.segment, known.hold.segment), known.position);
      if (known.behindBytes <= this.#options.keepBytes) continue;
      known.hold.release();
      known.hold = undefined;
      this.#options.ambient.logger.warn("standby-too-far-behind", { standby: known.standby });
    }
  }

  #know(standby: string): Known {
    const known = this.#known.get(standby);
    if (known !== undefined) return known;
    if (!STANDBY_ID.test(standby))
      throw new Failure("bad-request", "A standby's name is 1 to 64 letters and digits.");
    if (this.#known.size >= STANDBYS_MAX) this.#forgetSilent();
    const nowMs = this.#options.ambient.clock.monotonicMs();
    const made = {
      standby,
      hold: undefined,
      segment: 0,
      position: 0,
      records: 0,
      behindBytes: 0,
      currentMs: nowMs,
      heardMs: nowMs,
    };
    this.#known.set(standby, made);
    return made;
  }

  #forgetSilent(): void {
    const [silent] = [...this.#known.values()].toSorted((one, other) => one.heardMs - other.heardMs);
    silent?.hold?.release();
    this.#known.delete(silent?.standby ?? "");
  }

  #records(): number {
    return this.#journal
      .durableEnd()
      .ends.flat()
      .reduce((sum, end) => sum + end, 0);
  }

  async #readKeys(): Promise<readonly SmallFile[]> {
    const { files, directory } = this.#options.source;
    return keysAmong(await readStable(files, directory, this.#options.ambient.scheduler));
  }
}

/** Names the content of the wrapped keys. */
export function printOf(keys: readonly SmallFile[]): string {
  return String(
    crc32(keys.map(({ name, content }) => `${name} ${crc32(content)} ${content.length}`).join("\n")),
  );
}

function behind(
  list: readonly { readonly segment: number; readonly bytes: number }[],
  segment: number,
  position: number,
): number {
  let bytes = 0;
  for (const each of list) {
    if (each.segment === segment) bytes += Math.max(0, each.bytes - position);
    else if (each.segment > segment) bytes += each.bytes;
  }
  return bytes;
}

function tooSlow(): Failure {
  return new Failure(
    "standby-base-too-slow",
    "So much was written while the base was given that what follows it is not kept: raise --standby-keep-mb.",
    { retry: "same" },
  );
}

function diverged(): Failure {
  return new Failure(
    "standby-diverged",
    "The standby follows another course of events: it needs a new base.",
    {
      retry: "after-change",
    },
  );
}

function trimmed(): Failure {
  return new Failure(
    "standby-trimmed",
    "What the standby needs next is no longer kept: it needs a new base.",
    {
      retry: "after-change",
    },
  );
}
