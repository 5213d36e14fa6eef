import type { KeyFiles } from "../key-files.js";

/** Files in memory that can fail, or end the process, at any step. */
export class MemoryKeyFiles implements KeyFiles {
  readonly path = "keys";
  readonly content = new Map<string, Uint8Array>();
  /** Steps until everything fails, as if the process had ended there. */
  stepsLeft = Infinity;

  async read(name: string): Promise<Uint8Array | undefined> {
    this.#step();
    return this.content.get(name);
  }

  async write(name: string, content: Uint8Array): Promise<void> {
    // Half of it is there when the process ends within the write.
    this.content.set(name, content.slice(0, content.length / 2));
    this.#step();
    this.content.set(name, content.slice());
    this.#step();
  }

  async rename(name: string, newName: string): Promise<void> {
    this.#step();
    this.content.set(newName, this.content.get(name)!);
    this.content.delete(name);
    this.#step();
  }

  #step(): void {
    this.stepsLeft -= 1;
    if (this.stepsLeft < 0) throw new Error("the process has ended");
  }
}
