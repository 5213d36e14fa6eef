import { refusedMedia } from "./media-failures.js";

export interface PartFillerOptions {
  /** Where what comes begins: the end of a part. */
  readonly offset: number;
  /** Of the whole file. */
  readonly bytes: number;
  readonly partBytes: number;
  /** Stores a part; `end` is where the file has come to then. */
  readonly put: (part: number, content: Uint8Array, end: number) => Promise<void>;
}

/** Cuts what comes in any pieces into parts. Holds one part in memory. */
export class PartFiller {
  readonly #options: PartFillerOptions;
  #offset: number;
  #part: Uint8Array | undefined;
  #filled = 0;

  constructor(options: PartFillerOptions) {
    this.#options = options;
    this.#offset = options.offset;
  }

  /** Where the file has come to with what is stored. */
  get offset(): number {
    return this.#offset;
  }

  /** Errors: "bad-request" when more comes than the file has; those of `put`. */
  async add(bytes: Uint8Array): Promise<void> {
    const { partBytes, put } = this.#options;
    for (let at = 0; at < bytes.length;) {
      const wanted = Math.min(partBytes, this.#options.bytes - this.#offset);
      if (wanted === 0) {
        throw refusedMedia("bad-request", `The file was to have ${this.#options.bytes} bytes.`);
      }
      this.#part ??= new Uint8Array(wanted);
      const taken = Math.min(wanted - this.#filled, bytes.length - at);
      this.#part.set(bytes.subarray(at, at + taken), this.#filled);
      at += taken;
      this.#filled += taken;
      if (this.#filled < wanted) continue;
      const end = this.#offset + wanted;
      await put(Math.floor(this.#offset / partBytes), this.#part, end);
      this.#offset = end;
      this.#part = undefined;
      this.#filled = 0;
    }
  }
}
