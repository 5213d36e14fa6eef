/**
 * The log port. A log has a fixed number of partitions; each is an ordered sequence of records numbered by offset from
 * 0 without a hole. What a consumer sees is durable, in offset order, and the same on every read for ever.
 *
 *   append ──► (waiting, shared with everybody who appends now) ──fsync──► durable ──► read
 */

/** Who produced a record from another log, so that making it again is harmless (idempotent producer). */
export interface RecordSource {
  /** The producing partition, such as "conversation/3". At most 64 bytes of ASCII. */
  readonly producer: string;
  /** The offset of the source record. Per producer and target partition it must grow with every append. */
  readonly position: number;
}

/** One durable record. The payload belongs to the log: do not write to it. */
export interface LogRecord {
  readonly offset: number;
  readonly payload: Uint8Array;
  /** The key of its owner was destroyed: the payload is empty. Consumers pass over it. */
  readonly isDestroyed?: true;
}

export interface AppendResult {
  /** The offset of the record; -1 when `isDuplicate`. */
  readonly offset: number;
  /** The partition already holds a record of this source at this position or a later one: nothing was written. */
  readonly isDuplicate: boolean;
}

export interface ReadLimits {
  readonly recordsMax: number;
  /** At least one record is returned even when it alone is larger. */
  readonly bytesMax: number;
}

export interface Log {
  readonly partitionCount: number;

  /**
   * Appends one record. The order of calls in one partition is the order of offsets; the call itself decides the order,
   * not the moment it resolves. `owner` is the tenant that the record belongs to, whose key an engine that encrypts seals
   * it with; without one it belongs to the installation.
   *
   * Effects: the record is durable (as durable as the engine says) and readable when this resolves.
   * Errors: "log-full" (disk below its reserve; nothing was written, retry later), "log-record-too-large",
   *   "log-closed", "log-failed" (an I/O error: whether the record survives is unknown, the log takes no more until it
   *   is opened again), "log-busy" (more than the bounded amount is already waiting; nothing was written).
   */
  append(
    partition: number,
    payload: Uint8Array,
    source?: RecordSource,
    owner?: string,
  ): Promise<AppendResult>;

  /**
   * Durable records from `fromOffset` on: at least one if there is one, and perhaps fewer than the limits allow, such as
   * where the files of an engine meet; read on from the last one. Never waits for new ones.
   * Errors: "log-trimmed" when `fromOffset` is below `firstOffset(partition)`, "log-corrupt" when what is stored is not
   *   what was written, "log-failed" when it cannot be read.
   */
  read(partition: number, fromOffset: number, limits: ReadLimits): Promise<readonly LogRecord[]>;

  /** The offset after the last durable record. */
  durableEnd(partition: number): number;
  /** The offset after the last appended record, durable or still waiting. */
  appendedEnd(partition: number): number;
  /** The first offset that can still be read. */
  firstOffset(partition: number): number;

  /**
   * Calls `listener` after each commit with every partition whose durable end moved. One listener per consumer group;
   * returns the function that removes it. A listener must not throw.
   */
  onDurable(listener: (partitions: readonly number[]) => void): () => void;

  /**
   * Allows everything below `beforeOffset` to be forgotten. May free space later, or not at all.
   * Errors: "log-failed" when something could not be removed; the next trim tries again.
   */
  trim(partition: number, beforeOffset: number): Promise<void>;

  /** Makes durable what is waiting, then refuses everything. Idempotent. */
  close(): Promise<void>;
}
