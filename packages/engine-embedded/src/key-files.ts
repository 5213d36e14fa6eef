import { join } from "node:path";
import type { KeyFiles } from "@parley/keys";
import type { FileOps, SegmentFile } from "./journal/files.js";

/** The key store's files in a directory, which is created with the first of them. */
export function keyFilesOn(path: string, files: FileOps): KeyFiles {
  return {
    path,
    async read(name) {
      const file = await openFound(files, join(path, name));
      if (file === undefined) return undefined;
      try {
        return await file.read(0, await file.length());
      } finally {
        await file.close();
      }
    },
    async write(name, content) {
      const names = await files.openDirectory(path);
      if (names.includes(name)) await files.remove(join(path, name));
      const file = await files.openSegment(join(path, name), true);
      try {
        await file.write(content, 0);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    rename: (name, newName) => files.rename(join(path, name), join(path, newName)),
  };
}

async function openFound(files: FileOps, path: string): Promise<SegmentFile | undefined> {
  try {
    return await files.openSegment(path, false);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}
