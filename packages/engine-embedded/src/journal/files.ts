import { AssertionFailure, Failure, messageOf } from "@parley/base";
import { type FileHandle, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { createDirectory, syncDirectory } from "../durable-directory.js";

/** One segment file, open for appending at known positions. */
export interface SegmentFile {
  /** Writes all of the bytes, or rejects with some of them written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** The bytes from `position` on, as many as there are up to `length`. */
  read(position: number, length: number): Promise<Buffer>;
  length(): Promise<number>;
  close(): Promise<void>;
}

/** What the journal asks of the file system; tests put failures in its place. */
export interface FileOps {
  /** Creates the directory if there is none, for its owner only and durably, and returns the names in it. */
  openDirectory(path: string): Promise<readonly string[]>;
  openSegment(path: string, isNew: boolean): Promise<SegmentFile>;
  /** Gives a file its name durably. */
  rename(path: string, newPath: string): Promise<void>;
  /** Makes created and removed names durable. */
  syncDirectory(path: string): Promise<void>;
  /** Removes a file durably, if there is one. */
  remove(path: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
}

export const systemFiles: FileOps = {
  async openDirectory(path) {
    await createDirectory(path);
    return readdir(path);
  },
  async openSegment(path, isNew) {
    return openFile(path, isNew ? "wx+" : "r+");
  },
  async rename(path, newPath) {
    await rename(path, newPath);
    await syncDirectory(dirname(newPath));
  },
  syncDirectory,
  async remove(path) {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  },
  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

/** A file opened with the flags of `open`. */
export async function openFile(path: string, flags: string): Promise<SegmentFile> {
  return segmentFile(await open(path, flags, 0o600));
}

/** Whether an operation failed because the disk, or the quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** What `task` gives. Errors: those of the journal as they are, "log-failed" for what the file system said. */
export async function withFiles<T>(purpose: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof Failure || error instanceof AssertionFailure) throw error;
    throw filesFailed(purpose, error);
  }
}

/** The file system did not do what it was asked to. `purpose`: what cannot be done, such as "read from /data". */
export function filesFailed(purpose: string, error: unknown): Failure {
  const message = `The journal cannot ${purpose}: ${messageOf(error)}. Check the disk and start again.`;
  return new Failure("log-failed", message, { cause: error });
}

/** A segment file on a handle. The system may write or read less than it was asked to; what is left is asked again. */
export function segmentFile(
  file: Pick<FileHandle, "write" | "read" | "datasync" | "truncate" | "stat" | "close">,
): SegmentFile {
  return {
    async write(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
        if (bytesWritten === 0) throw new Error("the file system took no bytes and gave no reason");
        done += bytesWritten;
      }
    },
    sync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(buffer, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return buffer.subarray(0, done);
    },
    length: async () => (await file.stat()).size,
    close: () => file.close(),
  };
}
