import type { LogRecord } from "@parley/logs";

/** Where the records of one partition lie in one segment. */
interface SegmentIndex {
  readonly segment: number;
  readonly firstOffset: number;
  /** Position of each record, then nothing. */
  readonly positions: number[];
}

/** What is known in memory of one partition of one log. */
export class PartitionState {
  readonly logIndex: number;
  readonly partition: number;
  first = 0;
  durable = 0;
  appended = 0;
  /** The last position of each producer, with what waits and without it. */
  readonly producers = new Map<string, number>();
  readonly durableProducers = new Map<string, number>();
  readonly #segments: SegmentIndex[] = [];
  /** The newest durable records, behind `#cacheSkip` places of dropped ones. */
  #cache: (LogRecord | undefined)[] = [];
  #cacheSkip = 0;

  constructor(at: { readonly logIndex: number; readonly partition: number }) {
    this.logIndex = at.logIndex;
    this.partition = at.partition;
  }

  /** Begins empty at an offset. */
  beginAt(offset: number): void {
    this.first = offset;
    this.recover(offset);
  }

  /** Everything below `end` was found on disk. */
  recover(end: number): void {
    this.durable = end;
    this.appended = end;
  }

  /** A producer's position was found on disk. */
  recoverProducer(producer: string, position: number): void {
    const last = Math.max(position, this.durableProducers.get(producer) ?? 0);
    this.producers.set(producer, last);
    this.durableProducers.set(producer, last);
  }

  /** Remembers where a durable record lies. */
  index(segment: number, offset: number, position: number): void {
    const last = this.#segments.at(-1);
    if (last?.segment === segment) last.positions.push(position);
    else this.#segments.push({ segment, firstOffset: offset, positions: [position] });
  }

  /** The segment and up to `count` positions from `offset` on, all in that segment; undefined when it is not on disk. */
  locate(
    offset: number,
    count: number,
  ): { readonly segment: number; readonly positions: readonly number[] } | undefined {
    for (const { segment, firstOffset, positions } of this.#segments) {
      const skip = offset - firstOffset;
      if (skip >= 0 && skip < positions.length)
        return { segment, positions: positions.slice(skip, skip + count) };
    }
    return undefined;
  }

  /** The offset after the last record in segments up to `segment`. */
  endOf(segment: number): number {
    let end = 0;
    for (const index of this.#segments) {
      if (index.segment <= segment) end = index.firstOffset + index.positions.length;
    }
    return end;
  }

  /** Takes back what was appended and not made durable. */
  revert(): void {
    this.appended = this.durable;
    this.producers.clear();
    for (const [producer, position] of this.durableProducers) this.producers.set(producer, position);
  }

  forgetSegment(segment: number): void {
    while (this.#segments[0] !== undefined && this.#segments[0].segment <= segment) this.#segments.shift();
  }

  cache(record: LogRecord): void {
    this.#cache.push(record);
  }

  /** Drops the oldest `count` cached records. */
  uncache(count: number): void {
    // Let go at once: a record keeps the whole buffer of its commit in memory.
    this.#cache.fill(undefined, this.#cacheSkip, this.#cacheSkip + count);
    this.#cacheSkip += count;
    if (this.#cacheSkip > 1024 && this.#cacheSkip * 2 > this.#cache.length) {
      this.#cache = this.#cache.slice(this.#cacheSkip);
      this.#cacheSkip = 0;
    }
  }

  /** Cached records from `offset` on, at most `count`; undefined when `offset` is not cached. */
  cached(offset: number, count: number): readonly LogRecord[] | undefined {
    const oldest = this.#cache[this.#cacheSkip];
    if (oldest === undefined || offset < oldest.offset) return undefined;
    const from = this.#cacheSkip + (offset - oldest.offset);
    return this.#cache.slice(from, from + count) as LogRecord[];
  }
}
