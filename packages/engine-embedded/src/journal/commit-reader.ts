import { corrupt } from "./recovery.js";
import {
  RECORD_PREFIX_BYTES,
  SEALS_LOG,
  type SegmentHeader,
  commitBits,
  readRecord,
} from "./record-format.js";

/** Checks the records of a segment as its bytes come, commit by commit. */
export class CommitReader {
  readonly #path: string;
  #ends: number[][];
  #commit: number;
  #position: number;

  /** `headerBytes`: where the records begin. */
  constructor(path: string, header: SegmentHeader, headerBytes: number) {
    this.#path = path;
    this.#commit = header.commit;
    this.#ends = header.logs.map(({ partitions }) => partitions.map(({ next }) => next));
    this.#position = headerBytes;
  }

  /** The last whole commit, where it ends, and what comes next in each partition of each log. */
  get state(): { readonly commit: number; readonly position: number; readonly ends: readonly number[][] } {
    return { commit: this.#commit, position: this.#position, ends: this.#ends };
  }

  /** Records of whole commits so far, of all segments there ever were. */
  get records(): number {
    return this.#ends.flat().reduce((sum, end) => sum + end, 0);
  }

  /**
   * Takes the bytes that follow `state.position`, and gives the length of the whole commits among them; the rest comes
   * again with the next. Errors: "log-corrupt" with file and position.
   */
  take(bytes: Buffer): number {
    const from = this.#position;
    let next = this.#ends.map((ends) => [...ends]);
    for (let at = 0; at + RECORD_PREFIX_BYTES <= bytes.length;) {
      const end = at + RECORD_PREFIX_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const record = readRecord(bytes, at);
      if (record === undefined || record.commitBits !== commitBits(this.#commit + 1)) {
        throw corrupt(this.#path, from + at);
      }
      // The seals of a commit are no record of a log.
      if (record.logIndex !== SEALS_LOG) {
        const log = next[record.logIndex];
        if (log?.[record.partition] !== record.offset) throw corrupt(this.#path, from + at);
        log[record.partition] = record.offset + 1;
      }
      at = record.end;
      if (record.isContinued) continue;
      this.#commit += 1;
      this.#position = from + at;
      this.#ends = next;
      next = next.map((ends) => [...ends]);
    }
    return this.#position - from;
  }
}
