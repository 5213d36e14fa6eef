import { type FileOps, type SegmentFile, openFile, systemFiles } from "@parley/engine-embedded";
import { readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** A file that is only read. */
export type ReadableFile = Pick<SegmentFile, "read" | "length" | "close">;

/** What copying asks of the file system; tests put a simulated disk in its place. */
export interface BackupFiles extends FileOps {
  /** Errors of the file system, "ENOENT" among them. */
  openToRead(path: string): Promise<ReadableFile>;
  /** The files in a directory and in those below it, by their paths from it, sorted; none when there is no directory. */
  filesBelow(directory: string): Promise<readonly string[]>;
  /** Gives a directory another name durably, with all that is in it. Does nothing when there is none. */
  moveDirectory(path: string, newPath: string): Promise<void>;
  /** Removes a directory durably, with all that is in it, if there is one. */
  removeDirectory(path: string): Promise<void>;
}

export const systemBackupFiles: BackupFiles = {
  ...systemFiles,
  openToRead: (path) => openFile(path, "r"),
  async filesBelow(directory) {
    try {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
        .toSorted();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  async moveDirectory(path, newPath) {
    try {
      await systemFiles.rename(path, newPath);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await systemFiles.syncDirectory(dirname(path));
  },
  async removeDirectory(path) {
    await rm(path, { recursive: true, force: true });
    await systemFiles.syncDirectory(dirname(path));
  },
};

/** Whether an operation failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === "ENOENT";
}

/** The content of a small file; undefined when there is none. */
export async function findContent(files: BackupFiles, path: string): Promise<Buffer | undefined> {
  let file: ReadableFile;
  try {
    file = await files.openToRead(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return await file.read(0, await file.length());
  } finally {
    await file.close();
  }
}

/**
 * Writes a file under a draft's name and then gives it its own: it is there whole or not at all. Durable. `look` is given the
 * draft's path before.
 */
export async function writeWhole(
  files: BackupFiles,
  path: string,
  content: Uint8Array,
  look: (draft: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const draft = `${path}.new`;
  await files.remove(draft);
  const file = await files.openSegment(draft, true);
  try {
    await file.write(content, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await look(draft);
  await files.rename(draft, path);
}

/** A new file that is written from its beginning to its end, made durable and named when it is ended. */
export interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Lets go of it when it is not ended. */
  abandon(): Promise<void>;
}

/**
 * What is written between two syncs. Left to the end, a file system that keeps data and names in order would write all of it
 * within the next sync of somebody else: that of the journal, for which everybody waits.
 */
const SYNC_BYTES = 1024 * 1024;

/** Creates a file, and the directory that it is in. */
export async function createFile(files: BackupFiles, path: string): Promise<NewFile> {
  await files.openDirectory(dirname(path));
  const file = await files.openSegment(path, true);
  let position = 0;
  let unsyncedBytes = 0;
  return {
    async write(bytes) {
      await file.write(bytes, position);
      position += bytes.length;
      unsyncedBytes += bytes.length;
      if (unsyncedBytes < SYNC_BYTES) return;
      await file.sync();
      unsyncedBytes = 0;
    },
    async end() {
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await files.syncDirectory(dirname(path));
    },
    abandon: () => file.close(),
  };
}
