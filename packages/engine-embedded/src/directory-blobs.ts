/**
 * Parts of blobs as files below one directory, spread over 256 directories by the beginning of their names:
 *
 *   media/01/0123456789abcdef0123456789abcdef.000000.main
 *
 * A file is written under a draft's name, synced, and then given its own.
 */
import { type BlobStore, parsePartName, type StoredPart } from "@parley/blobs";
import { Failure, messageOf } from "@parley/base";
import { join } from "node:path";
import { type FileOps, isDiskFull, type SegmentFile } from "./journal/files.js";

const PAGE = 256;
const DRAFT = ".new";
const FOLDERS = 256;
/** How often free space is asked for: by then so much was written at most. */
const FREE_EVERY_BYTES = 8 * 1024 * 1024;

export interface DirectoryBlobsOptions {
  /** Created when the first part comes. It may be a mount or a link. */
  readonly directory: string;
  readonly files: FileOps;
  /** Free disk below which nothing is put. Default 0. */
  readonly reserveBytes?: number;
}

/** Errors: "blob-failed" (an I/O error), "blob-full" (the disk, or what is to be kept free of it), "blob-missing". */
export class DirectoryBlobs implements BlobStore {
  readonly #directory: string;
  readonly #files: FileOps;
  readonly #reserveBytes: number;
  readonly #created = new Set<string>();
  /** What is being written: all other drafts were left by a crash. */
  readonly #drafts = new Set<string>();
  /** What may be written before free space is asked for again. */
  #roomBytes = 0;

  constructor({ directory, files, reserveBytes = 0 }: DirectoryBlobsOptions) {
    this.#directory = directory;
    this.#files = files;
    this.#reserveBytes = reserveBytes;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#tried(`write ${name}`, async () => {
      const folder = await this.#openFolder(folderOf(name));
      await this.#takeRoom(bytes.length);
      const draft = `${name}${DRAFT}`;
      // A draft that a crash or a failure has left.
      if (!this.#drafts.has(draft)) await this.#files.remove(join(folder, draft));
      this.#drafts.add(draft);
      try {
        const file = await this.#files.openSegment(join(folder, draft), true);
        try {
          await file.write(bytes, 0);
          await file.sync();
        } finally {
          await file.close();
        }
        await this.#files.rename(join(folder, draft), join(folder, name));
      } finally {
        this.#drafts.delete(draft);
      }
    });
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#tried(`read ${name}`, async () => {
      const file = await this.#find(name);
      if (file === undefined) {
        throw new Failure(
          "blob-missing",
          `The file ${name} is missing in ${this.#directory}. Put it back, or restore it from a backup.`,
          { details: { part: name } },
        );
      }
      try {
        const bytes = await file.read(offset, length);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      } finally {
        await file.close();
      }
    });
  }

  async length(name: string): Promise<number | undefined> {
    return this.#tried(`look at ${name}`, async () => {
      const file = await this.#find(name);
      if (file === undefined) return undefined;
      try {
        return await file.length();
      } finally {
        await file.close();
      }
    });
  }

  async list(after: string): Promise<readonly StoredPart[]> {
    return this.#tried("list", async () => {
      const first = after === "" ? 0 : Number.parseInt(folderOf(after), 16);
      for (let number = first; number < FOLDERS; number++) {
        const found = await this.#listFolder(number.toString(16).padStart(2, "0"), after);
        if (found.length > 0) return found;
      }
      return [];
    });
  }

  async delete(name: string): Promise<void> {
    await this.#tried(`delete ${name}`, async () => {
      // A directory that is not there cannot be synced.
      const folder = await this.#openFolder(folderOf(name));
      await this.#files.remove(join(folder, name));
    });
  }

  async #listFolder(name: string, after: string): Promise<readonly StoredPart[]> {
    const folder = join(this.#directory, name);
    const names = await this.#files.openDirectory(folder);
    this.#created.add(name);
    for (const draft of names) {
      if (isDraft(draft) && !this.#drafts.has(draft)) await this.#files.remove(join(folder, draft));
    }
    const wanted = names.filter(
      (each) => each > after && parsePartName(each) !== undefined && folderOf(each) === name,
    );
    const parts: StoredPart[] = [];
    for (const each of wanted.toSorted().slice(0, PAGE)) {
      const bytes = await this.length(each);
      // It was deleted meanwhile.
      if (bytes !== undefined) parts.push({ name: each, bytes });
    }
    return parts;
  }

  async #openFolder(name: string): Promise<string> {
    const folder = join(this.#directory, name);
    if (!this.#created.has(name)) await this.#files.openDirectory(folder);
    this.#created.add(name);
    return folder;
  }

  /** Errors: "blob-full". */
  async #takeRoom(bytes: number): Promise<void> {
    if (this.#reserveBytes === 0) return;
    if (this.#roomBytes < bytes) {
      const free = await this.#files.freeBytes(this.#directory);
      const above = free - this.#reserveBytes;
      if (above < bytes) throw this.#full(`only ${free} bytes of its disk are free`);
      this.#roomBytes = Math.min(above, Math.max(bytes, FREE_EVERY_BYTES));
    }
    this.#roomBytes -= bytes;
  }

  async #find(name: string): Promise<SegmentFile | undefined> {
    try {
      return await this.#files.openSegment(join(this.#directory, folderOf(name), name), false);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  }

  #full(why: string, cause?: unknown): Failure {
    return new Failure("blob-full", `Nothing can be stored in ${this.#directory}: ${why}. Make room on it.`, {
      retry: "same",
      cause,
    });
  }

  async #tried<T>(purpose: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (isDiskFull(error)) throw this.#full("its disk is full", error);
      const where = `The store of media in ${this.#directory} cannot ${purpose}: ${messageOf(error)}.`;
      throw new Failure("blob-failed", `${where} Check its disk.`, { cause: error });
    }
  }
}

function folderOf(name: string): string {
  return name.slice(0, 2);
}

function isDraft(name: string): boolean {
  return name.endsWith(DRAFT) && parsePartName(name.slice(0, -DRAFT.length)) !== undefined;
}
