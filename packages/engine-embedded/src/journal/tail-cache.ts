import type { LogRecord } from "@parley/logs";
import type { PartitionState } from "./partition-state.js";

/** Places of dropped records that are kept before the list is cut. */
const SKIP_MAX = 65_536;

/** Bounds the memory of the newest records over all partitions, oldest out first. */
export class TailCache {
  readonly #bytesMax: number;
  readonly #cached: { readonly state: PartitionState; readonly bytes: number }[] = [];
  #skip = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Keeps a durable record that takes `bytes`, until newer ones need the room. */
  add(state: PartitionState, record: LogRecord, bytes: number): void {
    state.cache(record);
    this.#cached.push({ state, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#cached[this.#skip]!;
      this.#skip += 1;
      this.#bytes -= oldest.bytes;
      oldest.state.uncache(1);
    }
    if (this.#skip > SKIP_MAX && this.#skip * 2 > this.#cached.length) {
      this.#cached.splice(0, this.#skip);
      this.#skip = 0;
    }
  }
}
