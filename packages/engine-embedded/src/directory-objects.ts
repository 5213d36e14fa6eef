import { Failure, messageOf } from "@parley/base";
import { OBJECT_NAME, type ObjectStore, type StoredObject } from "@parley/tables";
import { join } from "node:path";
import { type FileOps, isDiskFull, type SegmentFile } from "./journal/files.js";

const PAGE = 256;
const DRAFT = ".new";
/** Between two syncs: what gathers unsynced is written within the next sync of somebody else. */
const SYNC_BYTES = 1024 * 1024;

/**
 * The objects of the cold tier as files of one directory, which is created when the first one comes. It may be a mount or a link.
 * Errors: "cold-failed" (an I/O error), "cold-full".
 */
export class DirectoryObjects implements ObjectStore {
  readonly #directory: string;
  readonly #files: FileOps;
  #isCreated = false;

  constructor(directory: string, files: FileOps) {
    this.#directory = directory;
    this.#files = files;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#tried(`write ${name}`, async () => {
      const path = join(this.#directory, name);
      const draft = `${path}${DRAFT}`;
      if (!this.#isCreated) await this.#files.openDirectory(this.#directory);
      this.#isCreated = true;
      const file = await this.#files.openSegment(draft, true);
      try {
        for (let at = 0; at < bytes.length; at += SYNC_BYTES) {
          await file.write(bytes.subarray(at, at + SYNC_BYTES), at);
          await file.sync();
        }
      } finally {
        await file.close();
      }
      await this.#files.rename(draft, path);
    });
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#tried(`read ${name}`, async () => {
      const file = await this.#open(name);
      try {
        const bytes = await file.read(offset, length);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      } finally {
        await file.close();
      }
    });
  }

  async list(after: string): Promise<readonly StoredObject[]> {
    return this.#tried(`list`, async () => {
      const names = await this.#files.openDirectory(this.#directory);
      // What a crash has left of a file that was never finished.
      for (const draft of names.filter((name) => isDraft(name)))
        await this.#files.remove(join(this.#directory, draft));
      // A mount has names of its own.
      const wanted = names.filter((name) => name > after && OBJECT_NAME.test(name)).toSorted();
      const objects: StoredObject[] = [];
      for (const name of wanted.slice(0, PAGE)) {
        const file = await this.#open(name);
        try {
          objects.push({ name, bytes: await file.length() });
        } finally {
          await file.close();
        }
      }
      return objects;
    });
  }

  async delete(name: string): Promise<void> {
    await this.#tried(`delete ${name}`, () => this.#files.remove(join(this.#directory, name)));
  }

  async #open(name: string): Promise<SegmentFile> {
    try {
      return await this.#files.openSegment(join(this.#directory, name), false);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
      throw new Failure(
        "cold-missing",
        `The file ${name} of the cold tier is missing in ${this.#directory}. Put it back, or restore the data directory from a backup.`,
        { cause: error, details: { object: name } },
      );
    }
  }

  async #tried<T>(purpose: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof Failure) throw error;
      const where = `The cold tier in ${this.#directory} cannot ${purpose}: ${messageOf(error)}.`;
      if (isDiskFull(error))
        throw new Failure("cold-full", `${where} Make room on its disk.`, { cause: error });
      throw new Failure("cold-failed", `${where} Check its disk.`, { cause: error });
    }
  }
}

function isDraft(name: string): boolean {
  return name.endsWith(DRAFT) && OBJECT_NAME.test(name.slice(0, -DRAFT.length));
}
