/**
 * A consumer: one loop per partition that reads durable records in order and hands them to `handle`.
 *
 *   idle ──onDurable──► read ─► handle ─► read … until nothing is left ─► idle
 */
import { Failure, isRareTime } from "@parley/base";
import type { Log, LogRecord, ReadLimits } from "./log.js";

/** Callers that wait for an offset, per partition. */
const WAITERS_MAX = 50_000;

export interface LogConsumerOptions {
  readonly log: Log;
  readonly startOffset: (partition: number) => number;
  readonly limits: ReadLimits;
  /** Applies records of one partition, in order; the next batch of the partition waits until it resolves. */
  readonly handle: (partition: number, records: readonly LogRecord[]) => Promise<void>;
  /** Called once, when reading or handling failed; the consumer has stopped. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiter {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: Failure) => void;
}

interface PartitionState {
  applied: number;
  running: Promise<void> | undefined;
  waiters: Waiter[];
}

export class LogConsumer {
  readonly #options: LogConsumerOptions;
  readonly #partitions: readonly PartitionState[];
  #state: "new" | "running" | "stopped" = "new";
  #stopListening: () => void = () => {};

  constructor(options: LogConsumerOptions) {
    this.#options = options;
    this.#partitions = Array.from({ length: options.log.partitionCount }, (_, partition) => ({
      applied: options.startOffset(partition),
      running: undefined,
      waiters: [],
    }));
  }

  /** Begins to read from the start offsets. */
  start(): void {
    this.#state = "running";
    this.#stopListening = this.#options.log.onDurable((partitions) => {
      for (const partition of partitions) this.#wake(partition);
    });
    for (let partition = 0; partition < this.#partitions.length; partition++) this.#wake(partition);
  }

  /** Everything of the partition below this offset is applied. */
  appliedEnd(partition: number): number {
    return this.#at(partition).applied;
  }

  /**
   * Resolves when everything below `offset` is applied.
   * Errors: "consumer-stopped", "consumer-busy" when too many wait already.
   */
  waitApplied(partition: number, offset: number): Promise<void> {
    const state = this.#at(partition);
    if (state.applied >= offset) return Promise.resolve();
    if (this.#state === "stopped") return Promise.reject(stopped());
    if (state.waiters.length >= WAITERS_MAX) {
      return Promise.reject(
        new Failure("consumer-busy", "Too many callers wait for the consumer.", { retry: "same" }),
      );
    }
    return new Promise((resolve, reject) => {
      state.waiters.push({ offset, resolve, reject });
    });
  }

  /** Stops after the batches that are being handled. Idempotent. */
  async stop(): Promise<void> {
    this.#halt();
    await Promise.all(this.#partitions.map(async (state) => state.running));
  }

  #wake(partition: number): void {
    const state = this.#at(partition);
    if (this.#state !== "running" || state.running !== undefined) return;
    if (this.#options.log.durableEnd(partition) <= state.applied) return;
    state.running = this.#run(partition, state).then(
      () => {
        state.running = undefined;
        // What became durable between the last read and now found the loop still running.
        this.#wake(partition);
      },
      (error: unknown) => {
        state.running = undefined;
        if (this.#state === "stopped") return;
        this.#halt();
        this.#options.onFailure(error);
      },
    );
  }

  async #run(partition: number, state: PartitionState): Promise<void> {
    const { log, limits, handle } = this.#options;
    while (this.#state === "running" && log.durableEnd(partition) > state.applied) {
      const isSmall = isRareTime("consumer-takes-one-record");
      const records = await log.read(
        partition,
        state.applied,
        isSmall ? { ...limits, recordsMax: 1 } : limits,
      );
      const last = records.at(-1);
      if (last === undefined || this.#state !== "running") return;
      await handle(partition, records);
      state.applied = last.offset + 1;
      if (state.waiters.length > 0) release(state);
    }
  }

  #halt(): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#stopListening();
    for (const state of this.#partitions) {
      for (const waiter of state.waiters) waiter.reject(stopped());
      state.waiters = [];
    }
  }

  #at(partition: number): PartitionState {
    const state = this.#partitions[partition];
    if (state === undefined) throw new RangeError(`There is no partition ${partition}.`);
    return state;
  }
}

function release(state: PartitionState): void {
  const still: Waiter[] = [];
  for (const waiter of state.waiters) {
    if (waiter.offset <= state.applied) waiter.resolve();
    else still.push(waiter);
  }
  state.waiters = still;
}

function stopped(): Failure {
  return new Failure("consumer-stopped", "The consumer has stopped.", { retry: "same" });
}
