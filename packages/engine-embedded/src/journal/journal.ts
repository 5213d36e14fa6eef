/**
 * The journal: the logs of one machine in one sequence of append-only files, so that one fdatasync serves everybody who
 * waits, whatever log and partition they write to.
 *
 *   append ─► pending buffer ──(previous commit done)──► write + fdatasync ─► durable: answers, then listeners
 *
 *   J1  A record is answered, and seen by readers, only after its fdatasync has succeeded.
 *   J2  A commit begins only after the one before it is durable.
 *   J3  After a failed write or sync nothing is accepted until the journal is opened again; a sync is never repeated.
 *       The exception is a full disk at the write: the file is cut back, and later writes may succeed.
 *   J4  A producer's record is in a partition once (idempotent producer); this survives trimming and restart.
 */
import { Failure, type Logger, type Scheduler, type Timer, assert, messageOf } from "@parley/base";
import type { Keyring } from "@parley/keys";
import type { AppendResult, Log, LogRecord, ReadLimits, RecordSource } from "@parley/logs";
import { type FileOps, filesFailed, isDiskFull, systemFiles, withFiles } from "./files.js";
import { sealCommit } from "./commit-seal.js";
import { type JournalFiles, journalFiles } from "./journal-files.js";
import { JournalLog, type LogEngine, type NewRecord } from "./journal-log.js";
import type { PartitionState } from "./partition-state.js";
import {
  POSITION_MAX,
  PRODUCER_BYTES_MAX,
  SEALS_LOG,
  finishRecord,
  recordBytes,
  writeRecord,
} from "./record-format.js";
import { RecordReader } from "./record-reader.js";
import { type SegmentSet, openSegments } from "./segment-set.js";
import { TailCache } from "./tail-cache.js";

export interface JournalOptions {
  readonly directory: string;
  /** Names and partition counts are fixed when a journal is made. */
  readonly logs: readonly { readonly name: string; readonly partitionCount: number }[];
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly segmentBytes?: number;
  readonly recordBytesMax?: number;
  readonly waitingBytesMax?: number;
  readonly tailCacheBytes?: number;
  /** Below this much free disk new records are refused; records made from other logs (with a source) are still taken. */
  readonly reserveBytes?: number;
  /** Called once when the journal has failed: the process must stop. */
  readonly onFatal: (error: unknown) => void;
  readonly files?: FileOps;
  /** With it, payloads are sealed on disk. Whether a journal is sealed is fixed when it is made. */
  readonly keyring?: Keyring | undefined;
}

export interface JournalStats {
  readonly syncs: number;
  readonly appendedRecords: number;
  readonly appendedBytes: number;
  readonly segments: number;
}

export interface Journal {
  log(name: string): Log;
  readonly files: JournalFiles;
  stats(): JournalStats;
  /**
   * Begins a new segment, and removes those before it of which everything is trimmed: what they held is then in no file.
   * Errors: "log-failed", "log-closed".
   */
  roll(): Promise<void>;
  /** Makes durable what waits, then refuses everything. Idempotent. */
  close(): Promise<void>;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const RECORD_BYTES_MAX = 4 * 1024 * 1024;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const TAIL_CACHE_BYTES = 32 * 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;
const SPACE_CHECK_MS = 500;
/** Also after this share of the reserve: for each byte here the tables write some more, now and when they compact. */
const SPACE_CHECKS_PER_RESERVE = 32;
const RETRY_FULL_MS = 5_000;

interface PendingRecord {
  readonly state: PartitionState;
  readonly offset: number;
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
  readonly owner: string;
  readonly source: RecordSource | undefined;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Failure) => void;
}

/**
 * Opens the journal in a directory, creating it when there is none.
 * Errors: "log-corrupt", "log-layout-mismatch", "log-failed" when the file system fails.
 */
export function openJournal(options: JournalOptions): Promise<Journal> {
  return withFiles(`be opened in ${options.directory}`, () => open(options, options.files ?? systemFiles));
}

async function open(options: JournalOptions, files: FileOps): Promise<Journal> {
  assert(options.logs.length < SEALS_LOG, "A journal has fewer logs than a byte can number.");
  const segments = await openSegments({
    ...options,
    files,
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
  });
  const journal = new FileJournal(options, files, segments);
  try {
    await journal.checkSpace();
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

class FileJournal implements Journal, LogEngine {
  readonly files: JournalFiles;
  readonly #options: JournalOptions;
  readonly #files: FileOps;
  readonly #segments: SegmentSet;
  readonly #logs: readonly JournalLog[];
  readonly #spaceTimer: Timer | undefined;
  readonly #cache: TailCache;
  readonly #reader: RecordReader;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;
  #pending: PendingRecord[] = [];
  #inFlightBytes = 0;
  #committing: Promise<void> | undefined;
  #isScheduled = false;
  #isLow = false;
  /** Written since free space was last asked for. */
  #uncheckedBytes = 0;
  #isLookingAtSpace = false;
  #failure: Failure | undefined;
  #closing: Promise<void> | undefined;
  #syncs = 0;
  #records = 0;
  #bytes = 0;

  constructor(options: JournalOptions, files: FileOps, segments: SegmentSet) {
    this.#options = options;
    this.#files = files;
    this.#segments = segments;
    this.#cache = new TailCache(options.tailCacheBytes ?? TAIL_CACHE_BYTES);
    this.#reader = new RecordReader(segments, options.keyring);
    this.#logs = options.logs.map((_, index) => new JournalLog(this, segments.partitions[index]!));
    const by = { roll: () => this.#roll(), logs: this.#logs };
    this.files = journalFiles(options.directory, segments, by);
    if ((options.reserveBytes ?? 0) > 0) {
      this.#spaceTimer = options.scheduler.every(SPACE_CHECK_MS, () => this.#lookAtSpace());
    }
  }

  log(name: string): Log {
    const index = this.#options.logs.findIndex((log) => log.name === name);
    if (index < 0) throw new RangeError(`The journal has no log ${name}.`);
    return this.#logs[index]!;
  }

  stats(): JournalStats {
    return {
      syncs: this.#syncs,
      appendedRecords: this.#records,
      appendedBytes: this.#bytes,
      segments: this.#segments.count,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#spaceTimer?.cancel();
    while (this.#committing !== undefined || (this.#pending.length > 0 && this.#failure === undefined)) {
      if (this.#committing === undefined) this.#commitNow();
      await this.#committing;
    }
    await this.#segments.close();
  }

  async roll(): Promise<void> {
    await withFiles(`begin a segment in ${this.#options.directory}`, async () => {
      await this.#roll();
      await this.#segments.removeTrimmed();
    });
  }

  async checkSpace(): Promise<void> {
    const reserve = this.#options.reserveBytes ?? 0;
    this.#uncheckedBytes = 0;
    if (reserve > 0) this.#isLow = (await this.#files.freeBytes(this.#options.directory)) < reserve;
  }

  #lookAtSpace(): void {
    if (this.#isLookingAtSpace) return;
    this.#isLookingAtSpace = true;
    this.checkSpace()
      .catch((error: unknown) => {
        this.#options.logger.warn("space-check-failed", { error: messageOf(error) });
      })
      .finally(() => {
        this.#isLookingAtSpace = false;
      });
  }

  append(state: PartitionState, { payload, source, owner }: NewRecord): Promise<AppendResult> {
    const refusal = this.#refusal(payload.length, source);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (source !== undefined) {
      const known = state.producers.get(source.producer);
      if (known === undefined) requireProducer(source.producer);
      requirePosition(source.position);
      if (known !== undefined && source.position <= known) return this.#duplicate(state, source);
      state.producers.set(source.producer, source.position);
    }
    const offset = state.appended;
    state.appended += 1;
    const producer = source?.producer ?? "";
    const size = recordBytes(producer, payload.length);
    if (this.#length + size > this.#buffer.length) this.#grow(size);
    const start = this.#length;
    const fields = {
      logIndex: state.logIndex,
      partition: state.partition,
      offset,
      producer,
      position: source?.position ?? 0,
    };
    const end = writeRecord(this.#buffer, start, fields, payload);
    this.#length = end;
    return new Promise((resolve, reject) => {
      this.#pending.push({
        state,
        offset,
        start,
        payloadStart: end - payload.length,
        end,
        owner,
        source,
        resolve,
        reject,
      });
      this.#schedule();
    });
  }

  read(state: PartitionState, from: number, limits: ReadLimits): Promise<readonly LogRecord[]> {
    return withFiles(`read from ${this.#options.directory}`, () => this.#reader.read(state, from, limits));
  }

  async trim(state: PartitionState, before: number): Promise<void> {
    if (before <= state.first) return;
    state.first = Math.min(before, state.durable);
    await withFiles(`remove from ${this.#options.directory}`, () => this.#segments.removeTrimmed());
  }

  #refusal(payloadBytes: number, source: RecordSource | undefined): Failure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closing !== undefined) return closed();
    const bytesMax = this.#options.recordBytesMax ?? RECORD_BYTES_MAX;
    if (payloadBytes > bytesMax) {
      return new Failure("log-record-too-large", `A record has at most ${bytesMax} bytes.`, {
        retry: "after-change",
      });
    }
    if (source !== undefined) {
      if (source.producer.length > PRODUCER_BYTES_MAX) {
        return new Failure("log-record-too-large", `A producer has at most ${PRODUCER_BYTES_MAX} bytes.`);
      }
      return undefined;
    }
    if (this.#isLow)
      return new Failure("log-full", "The disk is nearly full.", {
        retry: "same",
        retryAfterMs: RETRY_FULL_MS,
      });
    if (this.#length + this.#inFlightBytes > (this.#options.waitingBytesMax ?? WAITING_BYTES_MAX)) {
      return new Failure("log-busy", "Too much waits for the disk.", { retry: "same", retryAfterMs: 100 });
    }
    return undefined;
  }

  /** The record exists; the answer waits until it is durable, if it is still on its way. */
  async #duplicate(state: PartitionState, source: RecordSource): Promise<AppendResult> {
    while ((state.durableProducers.get(source.producer) ?? -1) < source.position) {
      if (this.#failure !== undefined) throw this.#failure;
      // The original was refused, so this is refused as well.
      if ((state.producers.get(source.producer) ?? -1) < source.position) throw diskFull();
      this.#schedule();
      await (this.#committing ?? new Promise<void>((resolve) => this.#options.scheduler.soon(resolve)));
    }
    return { offset: -1, isDuplicate: true };
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  /** One commit at a time; what comes while it runs waits for the next. */
  #schedule(): void {
    if (this.#isScheduled || this.#committing !== undefined || this.#failure !== undefined) return;
    this.#isScheduled = true;
    this.#options.scheduler.soon(() => {
      this.#isScheduled = false;
      this.#commitNow();
    });
  }

  #commitNow(): void {
    if (this.#committing !== undefined || this.#pending.length === 0 || this.#failure !== undefined) return;
    const records = this.#pending;
    const isRoomy = this.#length * 2 >= this.#buffer.length;
    const bytes = isRoomy
      ? this.#buffer.subarray(0, this.#length)
      : Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#pending = [];
    this.#length = 0;
    this.#inFlightBytes = bytes.length;
    // Readers keep views of what was written; a buffer is used again only when it was copied.
    if (isRoomy) this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    void this.#occupy(this.#commit(bytes, records));
  }

  /** Keeps commits waiting until the work, which never rejects, is done. */
  #occupy(work: Promise<void>): Promise<void> {
    const occupied = work.finally(() => {
      this.#committing = undefined;
      this.#inFlightBytes = 0;
      if (this.#pending.length > 0) this.#commitNow();
    });
    this.#committing = occupied;
    return occupied;
  }

  async #roll(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    this.#requireUsable();
    await this.#occupy(this.#segments.roll().catch((error: unknown) => this.#fail(error, [])));
    this.#requireUsable();
  }

  #requireUsable(): void {
    const failure = this.#failure ?? (this.#closing === undefined ? undefined : closed());
    if (failure !== undefined) throw failure;
  }

  async #commit(bytes: Buffer, records: readonly PendingRecord[]): Promise<void> {
    let stored: Buffer;
    let position: number;
    try {
      stored = await this.#finish(bytes, records);
      position = await this.#segments.write(stored);
    } catch (error) {
      await this.#afterFailedWrite(error, records);
      return;
    }
    try {
      await this.#segments.sync(position);
    } catch (error) {
      this.#fail(error, records);
      return;
    }
    this.#syncs += 1;
    this.#records += records.length;
    this.#bytes += stored.length;
    this.#uncheckedBytes += stored.length;
    const reserve = this.#options.reserveBytes ?? 0;
    if (reserve > 0 && this.#uncheckedBytes * SPACE_CHECKS_PER_RESERVE >= reserve) this.#lookAtSpace();
    this.#publish(bytes, records, position);
    try {
      await this.#segments.rollIfFull();
    } catch (error) {
      this.#fail(error, []);
    }
  }

  /** What goes to disk. The payloads in `bytes` stay as they are, for readers. */
  async #finish(bytes: Buffer, records: readonly PendingRecord[]): Promise<Buffer> {
    const { keyring } = this.#options;
    const number = this.#segments.nextCommit;
    if (keyring !== undefined) return sealCommit(keyring, bytes, records, number);
    const last = records.length - 1;
    for (let index = 0; index <= last; index++) finishRecord(bytes, records[index]!, number, index < last);
    return bytes;
  }

  #publish(bytes: Buffer, records: readonly PendingRecord[], position: number): void {
    const touched: Set<number>[] = this.#logs.map(() => new Set());
    for (const record of records) {
      const { state, offset, source } = record;
      state.durable = offset + 1;
      if (source !== undefined) state.durableProducers.set(source.producer, source.position);
      state.index(this.#segments.active, offset, position + record.start);
      const payload = bytes.subarray(record.payloadStart, record.end);
      this.#cache.add(state, { offset, payload }, record.end - record.start);
      touched[state.logIndex]!.add(state.partition);
      record.resolve({ offset, isDuplicate: false });
    }
    for (const [index, partitions] of touched.entries()) {
      if (partitions.size > 0) this.#logs[index]!.tell([...partitions]);
    }
  }

  /** A full disk at the write is survived: the file is cut back to what is durable, and everybody is told. */
  async #afterFailedWrite(error: unknown, records: readonly PendingRecord[]): Promise<void> {
    if (!isDiskFull(error)) {
      this.#fail(error, records);
      return;
    }
    try {
      await this.#segments.cutBack();
    } catch (cutError) {
      this.#fail(cutError, records);
      return;
    }
    this.#options.logger.error("disk-full", { directory: this.#options.directory });
    const refused = [...records, ...this.#pending];
    this.#pending = [];
    this.#length = 0;
    for (const { state } of refused) state.revert();
    const failure = diskFull(error);
    for (const record of refused) record.reject(failure);
  }

  #fail(error: unknown, records: readonly PendingRecord[]): void {
    const failure = filesFailed(`write to ${this.#options.directory}`, error);
    this.#failure = failure;
    for (const record of [...records, ...this.#pending]) record.reject(failure);
    this.#pending = [];
    this.#length = 0;
    this.#options.onFatal(failure);
  }
}

// What the record format cannot hold is a bug of the caller; it is found before anything has changed.

function requireProducer(producer: string): void {
  assert(/^[\x21-\x7e]+$/.test(producer), "A producer's name is visible ASCII.");
}

function requirePosition(position: number): void {
  assert(
    Number.isSafeInteger(position) && position >= 0 && position <= POSITION_MAX,
    "A producer's position is an integer of 48 bits.",
  );
}

function closed(): Failure {
  return new Failure("log-closed", "The journal is closed.");
}

function diskFull(cause?: unknown): Failure {
  return new Failure("log-full", "The disk is full.", { retry: "same", retryAfterMs: RETRY_FULL_MS, cause });
}
