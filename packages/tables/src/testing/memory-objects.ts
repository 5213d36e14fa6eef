import { Failure } from "@parley/base";
import type { ObjectStore, StoredObject } from "../cold/object-store.js";

const PAGE = 100;

/** Objects in memory, for tests. */
export class MemoryObjects implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(name, Uint8Array.from(bytes));
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.objects.get(name);
    if (bytes === undefined) throw new Failure("cold-missing", `There is no object ${name}.`);
    return bytes.slice(offset, offset + length);
  }

  async list(after: string): Promise<readonly StoredObject[]> {
    const names = [...this.objects.keys()].filter((name) => name > after).toSorted();
    return names.slice(0, PAGE).map((name) => ({ name, bytes: this.objects.get(name)!.length }));
  }

  async delete(name: string): Promise<void> {
    this.objects.delete(name);
  }
}
