/**
 * The segment files of a journal: opened, recovered, rolled and removed.
 *
 *   S1  Segments are numbered without a gap; the header of each repeats what all before it amount to.
 *   S2  A segment gets its first record only when its header and name are durable, and the one before it gets no more.
 *   S3  Segments are removed in order, each durably before the next.
 */
import { Failure, type Logger } from "@parley/base";
import { type FileOps, type SegmentFile, isDiskFull } from "./files.js";
import { PartitionState } from "./partition-state.js";
import {
  FORMAT_VERSION,
  type FoundRecord,
  SEALS_LOG,
  type SegmentHeader,
  encodeHeader,
} from "./record-format.js";
import {
  type ScannedSegment,
  corrupt,
  readHeader,
  scanCommits,
  draftPath,
  segmentPath,
  segmentsAmong,
} from "./recovery.js";

export interface SegmentOptions {
  readonly directory: string;
  readonly logs: readonly { readonly name: string; readonly partitionCount: number }[];
  readonly logger: Logger;
  readonly segmentBytes: number;
  readonly files: FileOps;
}

/** Opens all segments of a directory; the last one goes on. Errors: "log-corrupt", "log-layout-mismatch". */
export async function openSegments(options: SegmentOptions): Promise<SegmentSet> {
  const set = new SegmentSet(options);
  try {
    await set.open();
    return set;
  } catch (error) {
    await set.close();
    throw error;
  }
}

/** Keeps segments from being removed, from one on. */
export interface SegmentHold {
  /** The first segment that is kept. */
  readonly segment: number;
  /** Lets go of those before `segment`. They go with the next trim. */
  moveTo(segment: number): void;
  /** Lets go of all. Twice is as once. */
  release(): void;
}

/** Where the durable part of a journal ends: always between two commits. */
export interface JournalEnd {
  readonly segment: number;
  readonly bytes: number;
  readonly commit: number;
}

/** A segment whose header is durable, without its name. */
interface Draft {
  readonly file: SegmentFile;
  readonly headerBytes: number;
}

export class SegmentSet {
  readonly partitions: readonly (readonly PartitionState[])[];
  readonly #options: SegmentOptions;
  /** Ascending; the last one is active. */
  readonly #numbers: number[] = [];
  readonly #readers = new Map<number, Promise<SegmentFile>>();
  #removing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #file: SegmentFile | undefined;
  #bytes = 0;
  /** Of the active segment: what a sync has made durable, and where its records begin. */
  #durableBytes = 0;
  #headerBytes = 0;
  readonly #holds = new Set<{ segment: number }>();
  /** The last durable commit. */
  #commit = 0;
  /** Where the commits of each segment begin, and the number of the first. */
  readonly #commits = new Map<number, { readonly first: number; readonly starts: number[] }>();

  constructor(options: SegmentOptions) {
    this.#options = options;
    this.partitions = options.logs.map(({ partitionCount }, logIndex) =>
      Array.from({ length: partitionCount }, (_, partition) => new PartitionState({ logIndex, partition })),
    );
  }

  get count(): number {
    return this.#numbers.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The number of the segment that is written to. */
  get active(): number {
    return this.#numbers.at(-1)!;
  }

  /** The number of the commit to write. It is taken when that is durable, so that there is never a gap. */
  get nextCommit(): number {
    return this.#commit + 1;
  }

  async open(): Promise<void> {
    const { directory, files } = this.#options;
    const { segments, drafts } = segmentsAmong(await files.openDirectory(directory));
    for (const [index, segment] of segments.entries()) {
      const expected = segments[0]! + index;
      if (segment !== expected) throw missingSegment(segmentPath(directory, expected));
      await this.#recover(segment, index === segments.length - 1);
    }
    for (const segment of drafts) await files.remove(draftPath(directory, segment));
    if (segments.length === 0) await this.#begin(1, await this.#draft(1));
  }

  /** Writes behind what is durable; returns where. Nothing counts as written until `sync` has succeeded and it is settled. */
  async write(bytes: Buffer): Promise<number> {
    const position = this.#bytes;
    await this.#file!.write(bytes, position);
    this.#bytes = position + bytes.length;
    return position;
  }

  /** Makes what was written from `position` on a durable commit. */
  async sync(position: number): Promise<void> {
    await this.#file!.sync();
    this.#commit += 1;
    this.#durableBytes = this.#bytes;
    this.#addCommit(this.#commit, position);
  }

  /** The commit that holds what lies at a position; its end is undefined when that is the end of the segment. */
  commitAt(
    segment: number,
    position: number,
  ): { readonly commit: number; readonly start: number; readonly end: number | undefined } | undefined {
    const commits = this.#commits.get(segment);
    if (commits === undefined) return undefined;
    const { first, starts } = commits;
    const index = lastAtOrBelow(starts, position);
    return index < 0 ? undefined : { commit: first + index, start: starts[index]!, end: starts[index + 1] };
  }

  /** Cuts off what a failed write may have left, durably: the commit was refused and must not come back. */
  async cutBack(): Promise<void> {
    await this.#file!.truncate(this.#bytes);
    await this.#file!.sync();
  }

  /** Begins a new segment when the active one is large enough. */
  async rollIfFull(): Promise<void> {
    if (this.#bytes >= this.#options.segmentBytes) await this.roll();
  }

  /** Begins a new segment unless the active one is empty. On a full disk the active one goes on. */
  async roll(): Promise<void> {
    if (this.#bytes === this.#headerBytes) return;
    const { directory, files, logger } = this.#options;
    const segment = this.active + 1;
    let draft: Draft;
    try {
      draft = await this.#draft(segment);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await files.remove(draftPath(directory, segment));
      logger.warn("segment-not-begun", { directory, segment });
      return;
    }
    await this.#begin(segment, draft);
  }

  /** Removes the oldest segments of which every record is trimmed. Callers at the same time take turns. */
  removeTrimmed(): Promise<void> {
    const removing = this.#removing.then(() => this.#removeOldest());
    // The failure goes to the caller; the next one tries again.
    this.#removing = removing.catch(() => {});
    return removing;
  }

  pathOf(segment: number): string {
    return segmentPath(this.#options.directory, segment);
  }

  /** Keeps all segments there are, and those to come. */
  async hold(): Promise<SegmentHold> {
    const held = { segment: this.#numbers[0]! };
    this.#holds.add(held);
    // One may be on its way out.
    await this.#removing;
    held.segment = this.#numbers[0]!;
    return {
      get segment() {
        return held.segment;
      },
      moveTo: (segment) => {
        held.segment = Math.max(held.segment, segment);
      },
      release: () => this.#holds.delete(held),
    };
  }

  get durableEnd(): JournalEnd {
    return { segment: this.active, bytes: this.#durableBytes, commit: this.#commit };
  }

  /** The segments and their durable bytes, ascending. */
  async list(): Promise<readonly { readonly segment: number; readonly bytes: number }[]> {
    const { directory } = this.#options;
    const end = this.durableEnd;
    const closed = this.#numbers.filter((segment) => segment < end.segment);
    const found = await Promise.all(
      closed.map(async (segment) => {
        const file = await this.#reader(segment, segmentPath(directory, segment));
        return { segment, bytes: await file.length() };
      }),
    );
    return [...found, { segment: end.segment, bytes: end.bytes }];
  }

  /** Bytes of a segment from `position`, at most about `length`; fewer at the end. */
  async readChunk(
    segment: number,
    position: number,
    length: number,
  ): Promise<{ readonly path: string; readonly bytes: Buffer }> {
    const path = segmentPath(this.#options.directory, segment);
    const file = await this.#reader(segment, path);
    const rest = (await file.length()) - position;
    return { path, bytes: await file.read(position, Math.max(0, Math.min(length, rest))) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#removing;
    await this.#file?.close();
    this.#file = undefined;
    // An opening that fails is told to who waits for it.
    for (const reader of this.#readers.values()) {
      await reader.then(
        (file) => file.close(),
        () => {},
      );
    }
    this.#readers.clear();
  }

  /** Reads a segment and adds its records to what is known; the last one is opened for writing. */
  async #recover(segment: number, isLast: boolean): Promise<void> {
    const path = segmentPath(this.#options.directory, segment);
    const file = await this.#options.files.openSegment(path, false);
    try {
      const bytes = await file.read(0, await file.length());
      const place = { path, segment, isLast };
      const { header, length } = readHeader(bytes, place);
      this.#takeHeader(path, header);
      this.#numbers.push(segment);
      const scanned = scanCommits(bytes, place, { commit: this.#commit, length }, (records, commit) =>
        this.#takeRecords(path, commit, records),
      );
      this.#commit = scanned.commit;
      if (isLast) await this.#goOn(file, path, { bytes, headerBytes: length, scanned });
    } finally {
      if (this.#file !== file) await file.close();
    }
  }

  /**
   * Cuts the torn end and makes sure of the last commit: what was read may have been in the page cache only, which after
   * a failed sync says "written" of pages that are not. Writing it again makes them so.
   */
  async #goOn(
    file: SegmentFile,
    path: string,
    found: { readonly bytes: Buffer; readonly headerBytes: number; readonly scanned: ScannedSegment },
  ): Promise<void> {
    const { bytes, scanned } = found;
    const { commitStart, end } = scanned;
    if (end < bytes.length) {
      this.#options.logger.warn("torn-end-cut", { path, position: end, bytes: bytes.length - end });
      await file.truncate(end);
    }
    await file.write(bytes.subarray(commitStart, end), commitStart);
    await file.sync();
    await this.#options.files.syncDirectory(this.#options.directory);
    this.#file = file;
    this.#bytes = end;
    this.#durableBytes = end;
    this.#headerBytes = found.headerBytes;
  }

  /** Writes the header of a new segment, durably but not under its name yet. */
  async #draft(segment: number): Promise<Draft> {
    const { directory, files, logs } = this.#options;
    const bytes = encodeHeader({
      format: FORMAT_VERSION,
      segment,
      commit: this.#commit,
      logs: logs.map(({ name }, index) => ({
        name,
        partitions: this.partitions[index]!.map((state) => ({
          next: state.durable,
          first: state.first,
          producers: Object.fromEntries(state.durableProducers),
        })),
      })),
    });
    const file = await files.openSegment(draftPath(directory, segment), true);
    try {
      await file.write(bytes, 0);
      await file.sync();
      return { file, headerBytes: bytes.length };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #begin(segment: number, { file, headerBytes }: Draft): Promise<void> {
    const { directory, files } = this.#options;
    try {
      await files.rename(draftPath(directory, segment), segmentPath(directory, segment));
    } catch (error) {
      await file.close();
      throw error;
    }
    if (this.#file !== undefined) this.#readers.set(this.active, Promise.resolve(this.#file));
    this.#file = file;
    this.#bytes = headerBytes;
    this.#durableBytes = headerBytes;
    this.#headerBytes = headerBytes;
    this.#numbers.push(segment);
  }

  async #removeOldest(): Promise<void> {
    while (this.#numbers.length > 1 && !this.#isClosed) {
      const oldest = this.#numbers[0]!;
      for (const { segment } of this.#holds) if (segment <= oldest) return;
      const isTrimmed = this.partitions.flat().every((state) => state.endOf(oldest) <= state.first);
      if (!isTrimmed) return;
      const reader = this.#readers.get(oldest);
      this.#readers.delete(oldest);
      await (await reader)?.close();
      await this.#options.files.remove(segmentPath(this.#options.directory, oldest));
      this.#numbers.shift();
      this.#commits.delete(oldest);
      for (const state of this.partitions.flat()) state.forgetSegment(oldest);
    }
  }

  #reader(segment: number, path: string): Promise<SegmentFile> {
    if (this.#isClosed) return Promise.reject(new Failure("log-closed", "The journal is closed."));
    if (segment === this.active) return Promise.resolve(this.#file!);
    const known = this.#readers.get(segment);
    if (known !== undefined) return known;
    const opening = this.#options.files.openSegment(path, false);
    this.#readers.set(segment, opening);
    opening.catch(() => this.#readers.delete(segment));
    return opening;
  }

  /** A header repeats what the segments before it amount to; if they do not, one of them has lost its end. */
  #takeHeader(path: string, header: SegmentHeader): void {
    this.#requireLayout(path, header);
    const isFirst = this.#numbers.length === 0;
    if (!isFirst && header.commit !== this.#commit) throw corrupt(path, 0);
    this.#commit = header.commit;
    for (const [logIndex, log] of header.logs.entries()) {
      for (const [partition, { next, first, producers }] of log.partitions.entries()) {
        const state = this.partitions[logIndex]![partition]!;
        if (isFirst) state.beginAt(next);
        if (state.durable !== next) throw corrupt(path, 0);
        state.first = Math.max(state.first, first);
        for (const [producer, position] of Object.entries(producers))
          state.recoverProducer(producer, position);
      }
    }
  }

  #addCommit(commit: number, position: number): void {
    const commits = this.#commits.get(this.active);
    if (commits === undefined) this.#commits.set(this.active, { first: commit, starts: [position] });
    else commits.starts.push(position);
  }

  #takeRecords(path: string, commit: number, records: readonly FoundRecord[]): void {
    this.#addCommit(commit, records[0]!.start);
    for (const record of records) {
      if (record.logIndex === SEALS_LOG) continue;
      const state = this.partitions[record.logIndex]?.[record.partition];
      if (state === undefined || record.offset !== state.durable) throw corrupt(path, record.start);
      state.recover(record.offset + 1);
      if (record.producer !== "") state.recoverProducer(record.producer, record.position);
      state.index(this.active, record.offset, record.start);
    }
  }

  #requireLayout(path: string, header: SegmentHeader): void {
    const found = header.logs.map((log) => `${log.name}:${log.partitions.length}`).join(" ");
    const wanted = this.#options.logs.map((log) => `${log.name}:${log.partitionCount}`).join(" ");
    if (found === wanted) return;
    throw new Failure("log-layout-mismatch", `${path} holds the logs ${found}, not ${wanted}.`, {
      retry: "after-change",
    });
  }
}

/** The index of the last of ascending numbers that is not above `value`; -1 when there is none. */
function lastAtOrBelow(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function missingSegment(path: string): Failure {
  return new Failure(
    "log-corrupt",
    `${path} is missing: restore the data directory from a backup; nothing was changed.`,
    { details: { path, position: 0 } },
  );
}
