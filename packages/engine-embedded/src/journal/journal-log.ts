import type { AppendResult, Log, LogRecord, ReadLimits, RecordSource } from "@parley/logs";
import { INSTALLATION } from "@parley/keys";
import type { PartitionState } from "./partition-state.js";

export interface NewRecord {
  readonly payload: Uint8Array;
  readonly source: RecordSource | undefined;
  /** The tenant whose key seals it. */
  readonly owner: string;
}

/** What a log asks of the journal it is part of. */
export interface LogEngine {
  append(state: PartitionState, record: NewRecord): Promise<AppendResult>;
  read(state: PartitionState, from: number, limits: ReadLimits): Promise<readonly LogRecord[]>;
  trim(state: PartitionState, before: number): Promise<void>;
  close(): Promise<void>;
}

/** One log of the journal behind the port. Closing it closes the journal. */
export class JournalLog implements Log {
  readonly #engine: LogEngine;
  readonly #partitions: readonly PartitionState[];
  readonly #listeners = new Set<(partitions: readonly number[]) => void>();

  constructor(engine: LogEngine, partitions: readonly PartitionState[]) {
    this.#engine = engine;
    this.#partitions = partitions;
  }

  get partitionCount(): number {
    return this.#partitions.length;
  }

  append(
    partition: number,
    payload: Uint8Array,
    source?: RecordSource,
    owner: string = INSTALLATION,
  ): Promise<AppendResult> {
    return this.#engine.append(this.#at(partition), { payload, source, owner });
  }

  read(partition: number, fromOffset: number, limits: ReadLimits): Promise<readonly LogRecord[]> {
    return this.#engine.read(this.#at(partition), fromOffset, limits);
  }

  durableEnd(partition: number): number {
    return this.#at(partition).durable;
  }

  appendedEnd(partition: number): number {
    return this.#at(partition).appended;
  }

  firstOffset(partition: number): number {
    return this.#at(partition).first;
  }

  onDurable(listener: (partitions: readonly number[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  trim(partition: number, beforeOffset: number): Promise<void> {
    return this.#engine.trim(this.#at(partition), beforeOffset);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Says which partitions have grown. */
  tell(partitions: readonly number[]): void {
    for (const listener of this.#listeners) listener(partitions);
  }

  #at(partition: number): PartitionState {
    const state = this.#partitions[partition];
    if (state === undefined) throw new RangeError(`There is no partition ${partition}.`);
    return state;
  }
}
