import { Failure } from "@parley/base";
import { join } from "node:path";
import { type BackupFiles, type NewFile, createFile, writeWhole } from "./backup-files.js";
import { MANIFEST_FILE, encodeManifest } from "./manifest.js";
import type { BackupSink } from "./take-backup.js";

/** What file systems put into their root. */
const IGNORED = /^lost\+found$/;

/**
 * Puts a backup into a directory, which must be empty. Every piece is durable before the manifest has its name.
 * Errors: "backup-target-not-empty"; those of the file system.
 */
export async function openDirectorySink(
  files: BackupFiles,
  directory: string,
): Promise<BackupSink & { abandon(): Promise<void> }> {
  await requireEmpty(files, directory);
  let file: NewFile | undefined;
  return {
    async begin(name) {
      file = await createFile(files, join(directory, name));
    },
    write: (bytes) => file!.write(bytes),
    async end() {
      const ended = file!;
      file = undefined;
      await ended.end();
    },
    finish: (manifest) => writeWhole(files, join(directory, MANIFEST_FILE), encodeManifest(manifest)),
    async abandon() {
      await file?.abandon();
      file = undefined;
    },
  };
}

async function requireEmpty(files: BackupFiles, directory: string): Promise<void> {
  const names = (await files.openDirectory(directory)).filter((name) => !IGNORED.test(name));
  if (names.length === 0) return;
  const what = names.includes(MANIFEST_FILE)
    ? `There is a backup in ${directory} already`
    : `${directory} is not empty; it may hold a backup that was not finished`;
  throw new Failure("backup-target-not-empty", `${what}: name another directory, or empty it first.`, {
    retry: "after-change",
  });
}
