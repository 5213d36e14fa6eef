import type { Log } from "@parley/logs";
import { withFiles } from "./files.js";
import type { JournalEnd, SegmentHold, SegmentSet } from "./segment-set.js";

/** The files of a journal, for those who copy them while it is written to. */
export interface JournalFiles {
  /** Where what is durable ends, and the offset after the last record of each partition of each log there. */
  durableEnd(): JournalEnd & { readonly ends: readonly (readonly number[])[] };
  /** The segments and their durable bytes, ascending. Errors: "log-failed". */
  list(): Promise<readonly { readonly segment: number; readonly bytes: number }[]>;
  /**
   * Bytes of a segment as they are on the disk, at most about `length`; behind `durableEnd` they may still change.
   * Errors: "log-failed".
   */
  read(segment: number, position: number, length: number): Promise<Buffer>;
  /** Keeps all segments from being removed, until the hold is moved or released. */
  hold(): Promise<SegmentHold>;
  /**
   * Begins a new segment now, unless the active one is empty: what it held is then complete. On a full disk nothing
   * happens. Errors: "log-failed", "log-closed".
   */
  roll(): Promise<void>;
  /** Calls `listener` after commits; returns the function that removes it. A listener must not throw. */
  onDurable(listener: () => void): () => void;
}

/** Those of a journal in `directory`, whose `roll` begins a segment between two commits. */
export function journalFiles(
  directory: string,
  segments: SegmentSet,
  by: { readonly roll: () => Promise<void>; readonly logs: readonly Pick<Log, "onDurable">[] },
): JournalFiles {
  const reading = `read from ${directory}`;
  return {
    durableEnd: () => {
      const ends = segments.partitions.map((states) => states.map(({ durable }) => durable));
      return { ...segments.durableEnd, ends };
    },
    list: () => withFiles(reading, () => segments.list()),
    read: (segment, position, length) =>
      withFiles(reading, async () => (await segments.readChunk(segment, position, length)).bytes),
    hold: () => segments.hold(),
    roll: by.roll,
    onDurable: (listener) => {
      const removals = by.logs.map((log) => log.onDurable(listener));
      return () => removals.forEach((remove) => remove());
    },
  };
}
