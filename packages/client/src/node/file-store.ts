/**
 * A store in one file that only grows: a record per commit, and now and then the whole content written anew.
 *
 *   record = length: 4 bytes · crc of the payload: 4 bytes · payload: JSON of the changes, UTF-8      (little endian)
 *
 * The first record is no list of changes but { "format": n }. Format 1 had none; what is in an older format is written anew when it is
 * opened, and until that is complete the old file stands.
 *
 * A record that is cut off or damaged ends the file: it and what follows are cut away when the file is opened, so a
 * commit is there whole or not at all. But messages that were not sent yet are taken out of what follows before. The new file of a compaction gets its name only when it is complete.
 *
 * Messages that were deleted leave the file when it is written anew: at the latest when the store is closed, or opened
 * next when it was not.
 */
import { Buffer } from "node:buffer";
import { mkdir, open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { assert, Failure, TaskQueue } from "@parley/base";
import { type Change, type ClientStore, leadLost, storeIsNewer } from "../common/store.js";
import { StoreImage } from "../common/store-image.js";
import { encodeRecord, FORMAT, FORMAT_RECORD, recordsOf } from "./file-records.js";
import { rescuedOutbox } from "./rescued-outbox.js";

/** The file is written anew when it is larger than this many times its size after the last writing … */
const COMPACTION_FACTOR = 4;
/** … and larger than this, below which nothing is gained. */
const COMPACTION_BYTES_MIN = 1024 * 1024;
/** Changes per record of a file written anew. */
const COMPACTION_CHANGES = 1000;

/** Where a store in a file lies. */
export interface FileStoreOptions {
  readonly path: string;
  /**
   * Waits for the disk with each commit. Without it a crash of the machine (not of the process) may lose the last
   * seconds, which the server sends again; only messages not sent yet are really lost.
   */
  readonly isSynced?: boolean;
  readonly compactionBytesMin?: number;
}

/** A store in the file at `path`, made when there is none. One process at a time may use it. Cost: all in memory. */
export function createFileStore(options: FileStoreOptions): ClientStore {
  return new FileStore(options);
}

class FileStore implements ClientStore {
  readonly #options: FileStoreOptions;
  #image = new StoreImage();
  #file: FileHandle | undefined;
  #bytes = 0;
  #compactBytes = 0;
  /** The file holds messages that were deleted. */
  #holdsDeleted = false;
  #isOfThisFormat = false;
  /** Everything that touches the file follows what was begun before. */
  readonly #steps = new TaskQueue();

  constructor(options: FileStoreOptions) {
    this.#options = options;
  }

  load(isLeading = false): ReturnType<ClientStore["load"]> {
    return this.#steps.run(async () => {
      if (this.#file === undefined) await this.#open();
      if (isLeading) await this.#apply([this.#image.nextLead()]);
      return this.#image.state();
    });
  }

  commit(changes: readonly Change[], leader?: number): Promise<void> {
    return this.#steps.run(async () => {
      if (!this.#image.isLedBy(leader)) throw leadLost();
      await this.#apply(changes);
    });
  }

  async readMessages(
    ...args: Parameters<ClientStore["readMessages"]>
  ): ReturnType<ClientStore["readMessages"]> {
    return this.#image.messages(...args);
  }

  close(): Promise<void> {
    return this.#steps.run(async () => {
      if (this.#file !== undefined && this.#holdsDeleted) await this.#compactIfPossible();
      const file = this.#file;
      this.#file = undefined;
      await file?.close();
    });
  }

  async destroy(): Promise<void> {
    // Not first written anew, which closing may do.
    this.#holdsDeleted = false;
    await this.close();
    await this.#steps.run(async () => {
      const { path } = this.#options;
      await Promise.all([rm(path, { force: true }), rm(`${path}.new`, { force: true })]).catch(
        (error: unknown) => {
          throw new Failure("unavailable", "The store's file cannot be removed.", { cause: error });
        },
      );
      this.#image = new StoreImage();
    });
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    await this.#append(changes);
    if (this.#image.apply(changes)) this.#holdsDeleted = true;
    if (this.#bytes > this.#compactBytes * COMPACTION_FACTOR) await this.#compactIfPossible();
  }

  async #open(): Promise<void> {
    const { path } = this.#options;
    try {
      await mkdir(dirname(path), { recursive: true });
      const content = await readIfThere(path);
      this.#image = new StoreImage();
      this.#bytes = 0;
      this.#holdsDeleted = false;
      let format = content.length === 0 ? FORMAT : 1;
      for (const record of recordsOf(content)) {
        if (record.format !== undefined) format = record.format;
        if (format > FORMAT) throw storeIsNewer(format, FORMAT);
        if (this.#image.apply(record.changes)) this.#holdsDeleted = true;
        this.#bytes = record.end;
      }
      this.#isOfThisFormat = format === FORMAT && this.#bytes > 0;
      this.#file = await open(path, "a");
      const rescued = rescuedOutbox(this.#image.state(), content.subarray(this.#bytes));
      if (rescued.length > 0) {
        this.#image.apply(rescued);
        // The old file stands until the new one is complete: what was found in it is not lost again.
        await this.#compact();
      } else if (this.#bytes < content.length) await this.#file.truncate(this.#bytes);
    } catch (error) {
      await this.#file?.close();
      this.#file = undefined;
      if (error instanceof Failure) throw error;
      throw new Failure("unavailable", "The store's file cannot be opened.", { cause: error });
    }
    this.#compactBytes = Math.max(this.#bytes, this.#minimumBytes());
    const isOld = this.#bytes > 0 && !this.#isOfThisFormat;
    if (this.#holdsDeleted || isOld) await this.#compactIfPossible();
  }

  async #append(changes: readonly Change[]): Promise<void> {
    const file = this.#file;
    assert(file !== undefined, "A store is loaded before it is written.");
    const isFirst = this.#bytes === 0;
    const record = isFirst ? Buffer.concat([FORMAT_RECORD, encodeRecord(changes)]) : encodeRecord(changes);
    try {
      await file.appendFile(record);
      if (this.#options.isSynced === true) await file.datasync();
    } catch (error) {
      // What was written of the record must not stand before the next one.
      await file.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += record.length;
  }

  /** The commit is in the file by now: it does not fail because the file cannot be written anew as well. */
  async #compactIfPossible(): Promise<void> {
    try {
      await this.#compact();
    } catch {
      // Tried again when the file has grown by the factor once more.
      this.#compactBytes = this.#bytes;
    }
  }

  async #compact(): Promise<void> {
    const { path } = this.#options;
    const newPath = `${path}.new`;
    const bytes = await this.#writeAnew(newPath);
    // Opened first: from the new name on, nothing may fail.
    const file = await open(newPath, "a");
    await rename(newPath, path).catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    const old = this.#file;
    this.#file = file;
    this.#bytes = bytes;
    this.#compactBytes = Math.max(bytes, this.#minimumBytes());
    this.#holdsDeleted = false;
    this.#isOfThisFormat = true;
    await old?.close();
  }

  /** Writes the whole content into a new file, durably, and returns its length. */
  async #writeAnew(path: string): Promise<number> {
    const file = await open(path, "w");
    let bytes = FORMAT_RECORD.length;
    try {
      await file.appendFile(FORMAT_RECORD);
      for (const changes of grouped(this.#image.asChanges(), COMPACTION_CHANGES)) {
        const record = encodeRecord(changes);
        await file.appendFile(record);
        bytes += record.length;
      }
      // Always: a name must not point to a file whose content the disk does not have.
      await file.datasync();
    } finally {
      await file.close();
    }
    return bytes;
  }

  #minimumBytes(): number {
    return this.#options.compactionBytesMin ?? COMPACTION_BYTES_MIN;
  }
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function* grouped<T>(items: Iterable<T>, count: number): Generator<readonly T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < count) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
