import { Failure, type Scheduler } from "@parley/base";
import type { AppendResult, Log, LogRecord, ReadLimits, RecordSource } from "./log.js";

interface MemoryPartition {
  readonly records: LogRecord[];
  first: number;
  durable: number;
  readonly producers: Map<string, number>;
}

/** What a memory log holds; it outlives the log, as a disk does. */
export class MemoryLogStore {
  readonly partitions: readonly MemoryPartition[];

  constructor(partitionCount: number) {
    this.partitions = Array.from({ length: partitionCount }, () => ({
      records: [],
      first: 0,
      durable: 0,
      producers: new Map<string, number>(),
    }));
  }
}

/** The log port in memory: "durable" at the end of the turn. For tests and simulations. */
export class MemoryLog implements Log {
  readonly #partitions: readonly MemoryPartition[];
  readonly #scheduler: Scheduler;
  readonly #listeners = new Set<(partitions: readonly number[]) => void>();
  #waiting: { readonly partition: number; readonly offset: number; readonly resolve: () => void }[] = [];
  #isClosed = false;

  constructor(store: MemoryLogStore, scheduler: Scheduler) {
    this.#partitions = store.partitions;
    this.#scheduler = scheduler;
  }

  get partitionCount(): number {
    return this.#partitions.length;
  }

  async append(partition: number, payload: Uint8Array, source?: RecordSource): Promise<AppendResult> {
    if (this.#isClosed) throw new Failure("log-closed", "The log is closed.");
    const state = this.#at(partition);
    if (source !== undefined) {
      if (source.position <= (state.producers.get(source.producer) ?? -1)) {
        await this.#wait(partition, state.records.length - 1);
        return { offset: -1, isDuplicate: true };
      }
      state.producers.set(source.producer, source.position);
    }
    const offset = state.records.length;
    state.records.push({ offset, payload: payload.slice() });
    await this.#wait(partition, offset);
    return { offset, isDuplicate: false };
  }

  async read(partition: number, fromOffset: number, limits: ReadLimits): Promise<readonly LogRecord[]> {
    const state = this.#at(partition);
    if (fromOffset < state.first) throw new Failure("log-trimmed", `Offset ${fromOffset} is trimmed.`);
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let offset = fromOffset; offset < state.durable && records.length < limits.recordsMax; offset++) {
      const record = state.records[offset]!;
      bytes += record.payload.length;
      if (bytes > limits.bytesMax && records.length > 0) break;
      records.push(record);
    }
    return records;
  }

  durableEnd(partition: number): number {
    return this.#at(partition).durable;
  }

  appendedEnd(partition: number): number {
    return this.#at(partition).records.length;
  }

  firstOffset(partition: number): number {
    return this.#at(partition).first;
  }

  onDurable(listener: (partitions: readonly number[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async trim(partition: number, beforeOffset: number): Promise<void> {
    const state = this.#at(partition);
    state.first = Math.max(state.first, Math.min(beforeOffset, state.durable));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#commit();
  }

  #wait(partition: number, offset: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ partition, offset, resolve });
      if (this.#waiting.length === 1) this.#scheduler.soon(() => this.#commit());
    });
  }

  #commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    for (const { partition, offset, resolve } of waiting) {
      const state = this.#at(partition);
      state.durable = Math.max(state.durable, offset + 1);
      resolve();
    }
    const grown = [...new Set(waiting.map(({ partition }) => partition))];
    for (const listener of this.#listeners) listener(grown);
  }

  #at(partition: number): MemoryPartition {
    const state = this.#partitions[partition];
    if (state === undefined) throw new RangeError(`There is no partition ${partition}.`);
    return state;
  }
}
