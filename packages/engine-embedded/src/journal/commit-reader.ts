import { corrupt } from "./recovery.js";
import { RECORD_PREFIX_BYTES, type SegmentHeader, commitBits, readRecord } from "./record-format.js";

/** Checks the records of a segment as its bytes come, commit by commit. */
export class CommitReader {
  readonly #path: string;
  readonly #ends: number[][];
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
    let done = 0;
    let at = 0;
    let next = this.#ends.map((ends) => [...ends]);
    while (at + RECORD_PREFIX_BYTES <= bytes.length) {
      const end = at + RECORD_PREFIX_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const record = readRecord(bytes, at);
      const log = next[record?.logIndex ?? -1];
      if (
        record === undefined ||
        record.commitBits !== commitBits(this.#commit + 1) ||
        log?.[record.partition] !== record.offset
      ) {
        throw corrupt(this.#path, this.#position + at);
      }
      log[record.partition] = record.offset + 1;
      at = record.end;
      if (record.isContinued) continue;
      this.#commit += 1;
      for (const [index, ends] of next.entries()) this.#ends[index] = ends;
      next = next.map((ends) => [...ends]);
      done = at;
    }
    this.#position += done;
    return done;
  }
}
