import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** One segment file, open for appending at known positions. */
export interface SegmentFile {
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** What the journal asks of the file system; tests put failures in its place. */
export interface FileOps {
  openSegment(path: string, isNew: boolean): Promise<SegmentFile>;
  /** Makes created and removed names durable. */
  syncDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
}

export const systemFiles: FileOps = {
  async openSegment(path, isNew) {
    return segmentFile(await open(path, isNew ? "wx+" : "r+", 0o600));
  },
  async syncDirectory(path) {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  async remove(path) {
    await rm(path, { force: true });
    await this.syncDirectory(dirname(path));
  },
  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

function segmentFile(file: FileHandle): SegmentFile {
  return {
    async write(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    sync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}
