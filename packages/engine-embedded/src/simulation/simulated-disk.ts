/**
 * A disk with one directory, in memory, that forgets what a real one may forget.
 *
 *   write ──► page cache (a reader sees it at once) ──sync──► platter (survives a loss of power)
 *   names ──► directory in memory                   ──syncDirectory──► directory on the platter
 *
 * As on Linux, a sync that fails leaves the pages in the cache marked as written: a later sync does not write them.
 */
import type { FileOps, SegmentFile } from "../journal/files.js";

const PAGE_BYTES = 4096;
const SECTOR_BYTES = 512;

export type DiskOperation =
  | "list"
  | "stat"
  | "statfs"
  | "create"
  | "open"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "rename"
  | "syncNames"
  | "remove";

/** What becomes of an operation: it fails with `code`, a write after its first `bytesDone` bytes. */
export interface DiskFault {
  readonly code: string;
  readonly bytesDone?: number;
}

/** Decides for each operation whether it fails. */
export type DiskFaults = (operation: DiskOperation, path: string) => DiskFault | undefined;

interface StoredFile {
  cache: Buffer;
  platter: Buffer;
  readonly dirtyPages: Set<number>;
}

/** What an operation does, also when it fails. */
type Effect<T> = (fault: DiskFault | undefined) => T | undefined;
type Perform = <T>(operation: DiskOperation, path: string, effect: Effect<T>) => Promise<T>;

export class SimulatedDisk {
  /** Replaced by tests. */
  faults: DiskFaults = () => undefined;
  /** Awaited before an operation takes effect and before it is told; replaced by tests. */
  latency: () => Promise<void> = () => Promise.resolve();
  free = Number.MAX_SAFE_INTEGER;
  readonly counts = new Map<DiskOperation, number>();
  #names = new Map<string, StoredFile>();
  #platterNames = new Map<string, StoredFile>();
  /** Files opened before the last restart are dead. */
  #boot = 0;
  #openFiles = 0;

  /** The number of operations of a kind so far. */
  count(operation: DiskOperation): number {
    return this.counts.get(operation) ?? 0;
  }

  /** Files that were opened and not closed since the last restart. */
  get openFiles(): number {
    return this.#openFiles;
  }

  paths(): readonly string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** The content of a file as a reader sees it. */
  content(path: string): Buffer {
    return Buffer.from(this.#find(path).cache);
  }

  /** Puts a file there, durably, in place of what was there. */
  put(path: string, content: Uint8Array): void {
    const file = {
      cache: Buffer.from(content),
      platter: Buffer.from(content),
      dirtyPages: new Set<number>(),
    };
    this.#names.set(path, file);
    this.#platterNames.set(path, file);
  }

  /** Takes a file away, durably. */
  delete(path: string): void {
    this.#names.delete(path);
    this.#platterNames.delete(path);
  }

  /** Changes one byte of a file, durably and for those who have it open. */
  damage(path: string, position: number): void {
    this.overwrite(path, position, Buffer.of(this.#find(path).cache[position]! ^ 0x10));
  }

  /** Puts bytes over those of a file, durably and for those who have it open. */
  overwrite(path: string, position: number, content: Buffer): void {
    const { cache, platter } = this.#find(path);
    for (const side of [cache, platter]) content.copy(side, position);
  }

  /** A disk that holds durably what a reader of this one sees. */
  copy(): SimulatedDisk {
    const copy = new SimulatedDisk();
    for (const [path, { cache }] of this.#names) copy.put(path, cache);
    return copy;
  }

  /** The process ends; the cache survives it. */
  endProcess(): void {
    this.#boot += 1;
    this.#openFiles = 0;
    this.faults = () => undefined;
  }

  /**
   * The power fails. Of what was not synced, each sector and each name survives when `survives` says so.
   */
  losePower(survives: () => boolean): void {
    this.endProcess();
    for (const path of new Set([...this.#names.keys(), ...this.#platterNames.keys()])) {
      const now = this.#names.get(path);
      if (now === this.#platterNames.get(path)) continue;
      if (!survives()) continue;
      if (now === undefined) this.#platterNames.delete(path);
      else this.#platterNames.set(path, now);
    }
    this.#names = new Map(this.#platterNames);
    for (const file of this.#names.values()) {
      file.platter = afterPowerLoss(file, survives);
      file.cache = Buffer.from(file.platter);
      file.dirtyPages.clear();
    }
  }

  /** The disk as the process sees that is started now, until that ends. */
  mount(): FileOps {
    const boot = this.#boot;
    const perform: Perform = async (operation, path, effect) => {
      const live = (): void => {
        if (boot !== this.#boot) throw failed("ESHUTDOWN");
      };
      live();
      await this.latency();
      live();
      this.counts.set(operation, this.count(operation) + 1);
      const fault = this.faults(operation, path);
      const result = effect(fault);
      if (fault !== undefined) throw failed(fault.code);
      await this.latency();
      live();
      return result as never;
    };
    return this.#fileOps(perform);
  }

  #fileOps(perform: Perform): FileOps {
    const syncDirectory = (path: string): Promise<void> =>
      perform("syncNames", path, (fault) => {
        if (fault === undefined) this.#platterNames = new Map(this.#names);
      });
    return {
      openDirectory: (path) =>
        perform("list", path, () =>
          [...this.#names.keys()]
            .filter((name) => name.startsWith(`${path}/`))
            .map((name) => name.slice(path.length + 1)),
        ),
      openSegment: (path, isNew) =>
        perform(isNew ? "create" : "open", path, (fault) => {
          if (fault !== undefined) return undefined;
          if (isNew) this.#create(path);
          return this.#handle(path, perform);
        }),
      rename: async (path, newPath) => {
        await perform("rename", newPath, (fault) => {
          if (fault !== undefined) return;
          const file = this.#find(path);
          this.#names.delete(path);
          this.#names.set(newPath, file);
        });
        await syncDirectory(directoryOf(newPath));
      },
      syncDirectory,
      remove: async (path) => {
        await perform("remove", path, (fault) => {
          if (fault === undefined) this.#names.delete(path);
        });
        await syncDirectory(directoryOf(path));
      },
      freeBytes: (path) => perform("statfs", path, () => this.free),
    };
  }

  #handle(path: string, perform: Perform): SegmentFile {
    const file = this.#find(path);
    const boot = this.#boot;
    let isOpen = true;
    this.#openFiles += 1;
    const use = <T>(operation: DiskOperation, effect: Effect<T>): Promise<T> =>
      isOpen ? perform(operation, path, effect) : Promise.reject(failed("EBADF"));
    return {
      write: (bytes, position) =>
        use("write", (fault) => {
          const bytesDone = fault === undefined ? bytes.length : (fault.bytesDone ?? 0);
          store(file, bytes.subarray(0, bytesDone), position);
        }),
      sync: () =>
        use("sync", (fault) => {
          if (fault === undefined) file.platter = withPages(file, file.dirtyPages);
          file.dirtyPages.clear();
        }),
      truncate: (length) =>
        use("truncate", (fault) => {
          if (fault === undefined) cut(file, length);
        }),
      read: (position, length) =>
        use("read", () => Buffer.from(file.cache.subarray(position, position + length))),
      length: () => use("stat", () => file.cache.length),
      close: async () => {
        if (isOpen && boot === this.#boot) this.#openFiles -= 1;
        isOpen = false;
      },
    };
  }

  #create(path: string): void {
    if (this.#names.has(path)) throw failed("EEXIST");
    this.#names.set(path, { cache: Buffer.alloc(0), platter: Buffer.alloc(0), dirtyPages: new Set() });
  }

  #find(path: string): StoredFile {
    const file = this.#names.get(path);
    if (file === undefined) throw failed("ENOENT");
    return file;
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Fails the operation of this kind that comes after `skip` others of it, and no other. */
export function failOnce(kind: DiskOperation, fault: DiskFault, skip = 0): DiskFaults {
  let left = skip;
  return (operation) => {
    if (operation !== kind) return undefined;
    left -= 1;
    return left === -1 ? fault : undefined;
  };
}

function store(file: StoredFile, bytes: Uint8Array, position: number): void {
  if (bytes.length === 0) return;
  const end = position + bytes.length;
  if (end > file.cache.length) {
    file.cache = Buffer.concat([file.cache, Buffer.alloc(end - file.cache.length)]);
  }
  file.cache.set(bytes, position);
  for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < end; page++)
    file.dirtyPages.add(page);
}

// What was written behind the new end is gone, also what was not synced.
function cut(file: StoredFile, length: number): void {
  file.cache = Buffer.from(file.cache.subarray(0, length));
  for (const page of file.dirtyPages) if (page * PAGE_BYTES >= length) file.dirtyPages.delete(page);
}

// The platter with the length of the cache and these of its pages; what was never written reads as zeros.
function withPages(file: StoredFile, pages: Iterable<number>): Buffer {
  const content = Buffer.alloc(file.cache.length);
  file.platter.copy(content);
  for (const page of pages) {
    file.cache.copy(content, page * PAGE_BYTES, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  }
  return content;
}

function afterPowerLoss(file: StoredFile, survives: () => boolean): Buffer {
  const lengthNow = file.cache.length;
  const lengthBefore = file.platter.length;
  const content = Buffer.alloc(survives() ? lengthNow : lengthBefore);
  file.platter.copy(content);
  for (const page of file.dirtyPages) {
    const end = Math.min((page + 1) * PAGE_BYTES, lengthNow);
    for (let at = page * PAGE_BYTES; at < end; at += SECTOR_BYTES) {
      if (!survives() || at >= content.length) continue;
      file.cache.copy(content, at, at, Math.min(at + SECTOR_BYTES, end));
    }
  }
  return content;
}

function failed(code: string): Error {
  return Object.assign(new Error(`the simulated disk says ${code}`), { code });
}
