import { Failure } from "@parley/base";
import type { BlobStore, StoredPart } from "./blob-store.js";

const PAGE = 100;

/** Parts in memory, for tests and simulations. */
export class MemoryBlobs implements BlobStore {
  /** What a test may damage. */
  readonly parts = new Map<string, Uint8Array>();

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.parts.set(name, Uint8Array.from(bytes));
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.parts.get(name);
    if (bytes === undefined) throw new Failure("blob-missing", `There is no part ${name}.`);
    return bytes.slice(offset, offset + length);
  }

  async length(name: string): Promise<number | undefined> {
    return this.parts.get(name)?.length;
  }

  async list(after: string): Promise<readonly StoredPart[]> {
    const names = [...this.parts.keys()].filter((name) => name > after).toSorted();
    return names.slice(0, PAGE).map((name) => ({ name, bytes: this.parts.get(name)!.length }));
  }

  async delete(name: string): Promise<void> {
    this.parts.delete(name);
  }
}
