import { Failure, LruMap, failureCode } from "@parley/base";
import type { Keyring } from "@parley/keys";
import type { LogRecord, ReadLimits } from "@parley/logs";
import { openCommit } from "./commit-seal.js";
import type { PartitionState } from "./partition-state.js";
import { type FoundRecord, readRecord } from "./record-format.js";
import { corrupt } from "./recovery.js";
import type { SegmentSet } from "./segment-set.js";

/** Read at a time: commits that follow are likely to be wanted next. */
const CHUNK_BYTES = 1024 * 1024;
/** Opened commits that are kept. When many partitions are replayed, all of them meet the same commits. */
const OPENED_BYTES_MAX = 16 * 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

interface OpenedRecord {
  readonly record: FoundRecord;
  /** Undefined when its key is destroyed. */
  readonly payload: Uint8Array | undefined;
}

/** A commit in plain: its records by their positions in the segment. */
interface OpenedCommit {
  readonly bytes: number;
  readonly records: ReadonlyMap<number, OpenedRecord>;
}

type CommitPlace = NonNullable<ReturnType<SegmentSet["commitAt"]>>;

interface Chunk {
  readonly path: string;
  readonly start: number;
  readonly bytes: Buffer;
}

/** Reads durable records: from memory, else from disk, where every record is checked. */
export class RecordReader {
  readonly #segments: SegmentSet;
  readonly #keyring: Keyring | undefined;
  readonly #opened = new LruMap<string, OpenedCommit>();
  #openedBytes = 0;
  readonly #reading = new Map<string, Promise<Chunk>>();

  constructor(segments: SegmentSet, keyring: Keyring | undefined) {
    this.#segments = segments;
    this.#keyring = keyring;
  }

  /**
   * Records of a partition from `from` on.
   * Errors: "log-trimmed", "log-corrupt" with file and position, "key-missing", "log-closed".
   */
  async read(state: PartitionState, from: number, limits: ReadLimits): Promise<readonly LogRecord[]> {
    if (from < state.first) {
      throw new Failure("log-trimmed", `Offset ${from} is trimmed; the first one is ${state.first}.`);
    }
    const recordsMax = Math.min(limits.recordsMax, state.durable - from);
    if (recordsMax <= 0) return [];
    const cached = state.cached(from, recordsMax);
    if (cached !== undefined) return within(cached, limits.bytesMax);
    return this.#readFromDisk(state, from, { recordsMax, bytesMax: limits.bytesMax });
  }

  async #readFromDisk(
    state: PartitionState,
    from: number,
    { recordsMax, bytesMax }: ReadLimits,
  ): Promise<readonly LogRecord[]> {
    if (this.#segments.isClosed) throw new Failure("log-closed", "The journal is closed.");
    const place = state.locate(from, recordsMax);
    if (place === undefined) throw new Failure("log-trimmed", `Offset ${from} is no longer kept.`);
    const { segment, positions } = place;
    const records: LogRecord[] = [];
    let chunk: Chunk | undefined;
    let bytes = 0;
    for (const [index, position] of positions.entries()) {
      const commit = this.#segments.commitAt(segment, position);
      if (commit === undefined) throw new Failure("log-trimmed", `Offset ${from} is no longer kept.`);
      const name = `${segment}/${commit.start}`;
      let opened = this.#opened.find(name);
      if (opened === undefined) {
        // One read a call: what lies further on is for the next one.
        if (chunk !== undefined && !holds(chunk, commit) && records.length > 0) return records;
        if (chunk === undefined || !holds(chunk, commit)) chunk = await this.#readChunk(segment, commit);
        // Another partition's read may have opened it meanwhile.
        opened = this.#opened.find(name) ?? this.#keep(name, this.#open(chunk, commit));
      }
      const found = opened.records.get(position);
      if (found === undefined || !isOf(state, found.record, from + index)) {
        throw corrupt(this.#segments.pathOf(segment), position);
      }
      bytes += found.record.end - found.record.payloadStart;
      if (records.length > 0 && bytes > bytesMax) return records;
      records.push(logRecord(found));
    }
    return records;
  }

  /** Reads that want the same at the same time share it. */
  #readChunk(segment: number, place: CommitPlace): Promise<Chunk> {
    const name = `${segment}/${place.start}/${place.end}`;
    let reading = this.#reading.get(name);
    if (reading === undefined) {
      reading = this.#readAlone(segment, place).finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    return reading;
  }

  async #readAlone(segment: number, { start, end }: CommitPlace): Promise<Chunk> {
    const length = Math.max(CHUNK_BYTES, (end ?? Infinity) - start);
    return { ...(await this.#segments.readChunk(segment, start, length)), start };
  }

  /** Errors: "log-corrupt", "key-missing". */
  #open(chunk: Chunk, place: CommitPlace): OpenedCommit {
    const found: FoundRecord[] = [];
    for (let at = place.start - chunk.start; ;) {
      const record = readRecord(chunk.bytes, at);
      if (record === undefined) throw corrupt(chunk.path, chunk.start + at);
      found.push(record);
      at = record.end;
      if (!record.isContinued) break;
    }
    const payloads = this.#payloads(chunk, found, place);
    const records = new Map(
      payloads.map((payload, index) => [
        chunk.start + found[index]!.start,
        { record: found[index]!, payload },
      ]),
    );
    return { bytes: found.at(-1)!.end - found[0]!.start, records };
  }

  #payloads(
    { path, bytes }: Chunk,
    found: readonly FoundRecord[],
    { commit, start }: CommitPlace,
  ): readonly (Uint8Array | undefined)[] {
    const keyring = this.#keyring;
    if (keyring === undefined) {
      if (found.some(({ seal }) => seal !== 0)) throw corrupt(path, start);
      const base = found[0]!.start;
      // A copy: what is kept must not keep the whole chunk.
      const copy = Buffer.from(bytes.subarray(base, found.at(-1)!.end));
      return found.map(({ payloadStart, end }) => copy.subarray(payloadStart - base, end - base));
    }
    try {
      const payloads = openCommit(keyring, bytes, found, commit);
      if (payloads !== undefined) return payloads;
    } catch (error) {
      if (failureCode(error) !== "seal-corrupt") throw error;
    }
    throw corrupt(path, start);
  }

  #keep(name: string, opened: OpenedCommit): OpenedCommit {
    this.#openedBytes += opened.bytes;
    if (this.#openedBytes > OPENED_BYTES_MAX) {
      this.#opened.cutTo(0);
      this.#openedBytes = opened.bytes;
    }
    this.#opened.put(name, opened);
    return opened;
  }
}

function logRecord({ record: { offset }, payload }: OpenedRecord): LogRecord {
  return payload === undefined ? { offset, payload: NO_BYTES, isDestroyed: true } : { offset, payload };
}

function holds({ start, bytes }: Chunk, place: CommitPlace): boolean {
  const end = start + bytes.length;
  return place.start >= start && place.start < end && place.end !== undefined && place.end <= end;
}

function isOf(state: PartitionState, record: FoundRecord, offset: number): boolean {
  return (
    record.logIndex === state.logIndex && record.partition === state.partition && record.offset === offset
  );
}

function within(records: readonly LogRecord[], bytesMax: number): readonly LogRecord[] {
  let bytes = 0;
  for (let index = 0; index < records.length; index++) {
    bytes += records[index]!.payload.length;
    if (bytes > bytesMax && index > 0) return records.slice(0, index);
  }
  return records;
}
