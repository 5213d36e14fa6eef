/** The segment files of a journal: opened, recovered, rolled and removed. */
import { Failure, type Logger } from "@parley/base";
import { mkdir } from "node:fs/promises";
import type { FileOps, SegmentFile } from "./files.js";
import { PartitionState } from "./partition-state.js";
import { FORMAT_VERSION, type SegmentHeader, encodeHeader } from "./record-format.js";
import { type RecoveredSegment, listSegments, recoverSegment, segmentPath } from "./recovery.js";

interface Options {
  readonly directory: string;
  readonly logs: readonly { readonly name: string; readonly partitionCount: number }[];
  readonly logger: Logger;
  readonly segmentBytes: number;
  readonly files: FileOps;
}

/** Opens all segments of a directory; the last one goes on. Errors: "log-corrupt", "log-layout-mismatch". */
export async function openSegments(options: Options): Promise<SegmentSet> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const numbers = await listSegments(options.directory);
  const recovered: RecoveredSegment[] = [];
  for (const [index, segment] of numbers.entries()) {
    const isLast = index === numbers.length - 1;
    const found = await recoverSegment(options.directory, segment, { isLast, logger: options.logger });
    if (found !== undefined) recovered.push(found);
  }
  const set = new SegmentSet(options, recovered);
  await set.open(recovered);
  return set;
}

export class SegmentSet {
  readonly partitions: readonly (readonly PartitionState[])[];
  readonly #options: Options;
  /** Ascending; the last one is active. */
  readonly #numbers: number[] = [];
  readonly #readers = new Map<number, SegmentFile>();
  #file: SegmentFile | undefined;
  #bytes = 0;
  #commit = 0;

  constructor(options: Options, recovered: readonly RecoveredSegment[]) {
    this.#options = options;
    const oldest = recovered[0]?.header;
    this.partitions = options.logs.map(({ partitionCount }, logIndex) =>
      Array.from({ length: partitionCount }, (_, partition) => {
        const next = oldest?.logs[logIndex]?.partitions[partition]?.next ?? 0;
        return new PartitionState({ logIndex, partition }, next, next);
      }),
    );
  }

  get count(): number {
    return this.#numbers.length;
  }

  /** The number of the segment that is written to. */
  get active(): number {
    return this.#numbers.at(-1)!;
  }

  async open(recovered: readonly RecoveredSegment[]): Promise<void> {
    for (const segment of recovered) {
      this.#requireLayout(segment);
      this.#takeHeader(segment.header);
      for (const record of segment.records) {
        const state = this.partitions[record.logIndex]?.[record.partition];
        if (state === undefined || record.offset !== state.durable) {
          throw new Failure(
            "log-corrupt",
            `${segment.path} has an unexpected record at byte ${record.start}.`,
          );
        }
        state.durable = record.offset + 1;
        state.appended = state.durable;
        if (record.producer !== "") {
          state.producers.set(record.producer, record.position);
          state.durableProducers.set(record.producer, record.position);
        }
        state.index(segment.segment, record.offset, record.start);
        this.#commit = Math.max(this.#commit, record.commit);
      }
      this.#numbers.push(segment.segment);
    }
    const last = recovered.at(-1);
    if (last === undefined) await this.#create(1);
    else {
      this.#file = await this.#options.files.openSegment(last.path, false);
      this.#bytes = last.bytes;
    }
  }

  nextCommit(): number {
    this.#commit += 1;
    return this.#commit;
  }

  /** Writes behind what is durable; returns where. Nothing counts as written until `sync` has succeeded. */
  async write(bytes: Buffer): Promise<number> {
    const position = this.#bytes;
    await this.#file!.write(bytes, position);
    this.#bytes = position + bytes.length;
    return position;
  }

  async sync(): Promise<void> {
    await this.#file!.sync();
  }

  /** Cuts off what a failed write may have left. */
  async cutBack(): Promise<void> {
    await this.#file!.truncate(this.#bytes);
  }

  /** Begins a new segment when the active one is large enough. */
  async rollIfFull(): Promise<void> {
    if (this.#bytes < this.#options.segmentBytes) return;
    const old = this.#file!;
    this.#readers.set(this.active, old);
    await this.#create(this.active + 1);
  }

  /** Removes the oldest segments of which every record is trimmed. */
  async removeTrimmed(): Promise<void> {
    while (this.#numbers.length > 1) {
      const oldest = this.#numbers[0]!;
      const isTrimmed = this.partitions.flat().every((state) => state.endOf(oldest) <= state.first);
      if (!isTrimmed) return;
      this.#numbers.shift();
      for (const state of this.partitions.flat()) state.forgetSegment(oldest);
      await this.#readers.get(oldest)?.close();
      this.#readers.delete(oldest);
      await this.#options.files.remove(segmentPath(this.#options.directory, oldest));
    }
  }

  /** Bytes of a segment from `position`, at most about `length`; fewer at the end. */
  async readChunk(
    segment: number,
    position: number,
    length: number,
  ): Promise<{ readonly path: string; readonly bytes: Buffer }> {
    const path = segmentPath(this.#options.directory, segment);
    let file = segment === this.active ? this.#file! : this.#readers.get(segment);
    if (file === undefined) {
      file = await this.#options.files.openSegment(path, false);
      this.#readers.set(segment, file);
    }
    return { path, bytes: await file.read(position, length) };
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    for (const reader of this.#readers.values()) await reader.close();
    this.#readers.clear();
  }

  async #create(segment: number): Promise<void> {
    const { directory, files, logs } = this.#options;
    const header: SegmentHeader = {
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
    };
    const bytes = encodeHeader(header);
    const file = await files.openSegment(segmentPath(directory, segment), true);
    await file.write(bytes, 0);
    await file.sync();
    await files.syncDirectory(directory);
    this.#file = file;
    this.#bytes = bytes.length;
    this.#numbers.push(segment);
  }

  #takeHeader(header: SegmentHeader): void {
    this.#commit = Math.max(this.#commit, header.commit);
    for (const [logIndex, log] of header.logs.entries()) {
      for (const [partition, { first, producers }] of log.partitions.entries()) {
        const state = this.partitions[logIndex]![partition]!;
        state.first = Math.max(state.first, first);
        for (const [producer, position] of Object.entries(producers)) {
          state.producers.set(producer, Math.max(position, state.producers.get(producer) ?? 0));
          state.durableProducers.set(producer, state.producers.get(producer)!);
        }
      }
    }
  }

  #requireLayout(segment: RecoveredSegment): void {
    const { header } = segment;
    const found = header.logs.map((log) => `${log.name}:${log.partitions.length}`).join(" ");
    const wanted = this.#options.logs.map((log) => `${log.name}:${log.partitionCount}`).join(" ");
    if (header.format !== FORMAT_VERSION || found !== wanted) {
      throw new Failure("log-layout-mismatch", `${segment.path} holds the logs ${found}, not ${wanted}.`);
    }
  }
}
