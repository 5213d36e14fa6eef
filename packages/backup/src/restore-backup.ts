/**
 * Makes a data directory of a backup.
 *
 *   restore.json ─► journal, tables, keys, cold ─► identity.json (a new timeline) ─► format.json ─► restore.json removed
 *
 * A directory is an installation when it has `format.json`, which is written last: one that has only `restore.json` was not
 * finished, and is refused by everybody.
 */
import { type Ambient, Failure } from "@parley/base";
import { type RowImport, createStoredTables, headerWithoutTrims } from "@parley/engine-embedded";
import { dirname, join } from "node:path";
import { type BackupFiles, createFile, findContent, writeWhole } from "./backup-files.js";
import { timelineDirectory } from "./archiver.js";
import { type BringForward, bringForward, requireEarlier } from "./bring-forward.js";
import { newId, writeIdentity } from "./identity.js";
import { type Identity, type Manifest, type Piece, damaged } from "./manifest.js";
import { readPiece, readWholePiece } from "./piece-reading.js";
import { FORMAT_FILE, KEYS_FOLDER } from "./stable-files.js";
import { isRows, isSegment, readRowPieces, requireSound } from "./verify-backup.js";

/** Also known to the data directory, which refuses to open such a one. */
export const RESTORE_FILE = "restore.json";
/** What a fresh disk has, and what a restore leaves that was killed before it had begun. */
const IGNORED = /^(?:lost\+found|restore\.json\.new)$/;
/** Of the work; the rest is verifying. */
const COPYING_SHARE = 0.5;

export interface RestoreOptions {
  readonly from: string;
  /** Created if it does not exist; must be empty. */
  readonly to: string;
  readonly files: BackupFiles;
  readonly ambient: Pick<Ambient, "random">;
  /** Makes the tables in an empty directory. Default: LevelDB's. */
  readonly createTables?: (directory: string) => Promise<RowImport>;
  readonly onProgress?: (share: number) => void;
  /** What is behind the backup, and how it is read. */
  readonly forward?: Omit<BringForward, "to" | "manifest" | "files">;
}

/**
 * Effects: verifies the backup, then makes the directory; twice is refused.
 * Errors: "backup-missing", "backup-damaged", "backup-newer", "restore-target-not-empty", "restore-unfinished", those of
 *   `bringForward`, of the file system and of the tables.
 */
export async function restoreBackup(options: RestoreOptions): Promise<{
  readonly manifest: Manifest;
  readonly identity: Identity;
  /** Of the last record behind the backup; 0 without any. */
  readonly lastMs: number;
}> {
  const { files, from, to, forward, onProgress = () => undefined } = options;
  const { manifest } = await requireSound(files, from, (share) => onProgress(share * (1 - COPYING_SHARE)));
  if (forward !== undefined) requireEarlier(manifest, forward.untilMs);
  await requireEmpty(files, to);
  const identity = { installation: manifest.installation, timeline: newId(options.ambient.random) };
  await beginRestore(files, to, { backup: manifest.id });
  await copyPieces(options, manifest, (share) => onProgress(1 - COPYING_SHARE + share * COPYING_SHARE));
  let lastMs = 0;
  if (forward !== undefined) {
    // The keys first: what is in the archive may be sealed under later ones than the backup has.
    await copyArchivedKeys(files, timelineDirectory(forward.archive, manifest.timeline), to);
    ({ lastMs } = await bringForward({ ...forward, to, manifest, files }));
  }
  await finishRestore(files, { from, to, manifest, identity });
  return { manifest, identity, lastMs };
}

/** Says that a directory is being made. */
export async function beginRestore(
  files: BackupFiles,
  to: string,
  what: { readonly backup: string },
): Promise<void> {
  await writeWhole(files, join(to, RESTORE_FILE), Buffer.from(`${JSON.stringify(what)}\n`, "utf8"));
}

/** Puts everything but identity and format into place. */
export async function copyPieces(
  options: Pick<RestoreOptions, "from" | "to" | "files" | "createTables">,
  manifest: Manifest,
  onProgress: (share: number) => void = () => undefined,
): Promise<void> {
  const { from, to, files } = options;
  const total = manifest.pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  const tables = await (options.createTables ?? createStoredTables)(join(to, "tables"));
  try {
    let done = 0;
    for (const piece of manifest.pieces) {
      if (isRows(piece)) await readRowPieces(files, from, piece, (page) => tables.put(page));
      else if (isSegment(piece)) await copySegment(options, piece);
      else if (piece.name !== FORMAT_FILE) await copyFile(options, piece);
      done += piece.bytes;
      onProgress(total === 0 ? 1 : done / total);
    }
  } finally {
    await tables.close();
  }
}

/** Makes a complete directory an installation. */
export async function finishRestore(
  files: BackupFiles,
  what: {
    readonly from: string;
    readonly to: string;
    readonly manifest: Manifest;
    readonly identity: Identity;
  },
): Promise<void> {
  const { from, to, manifest, identity } = what;
  await writeIdentity(files, to, identity);
  const format = manifest.pieces.find(({ name }) => name === FORMAT_FILE);
  if (format === undefined) throw damaged(join(from, FORMAT_FILE), 0);
  await writeWhole(files, join(to, FORMAT_FILE), await readWholePiece(files, from, format));
  await files.remove(join(to, RESTORE_FILE));
}

/** The tables are older than what later segments say was trimmed: they are told that nothing was. */
async function copySegment(
  { from, to, files }: Pick<RestoreOptions, "from" | "to" | "files">,
  piece: Piece,
): Promise<void> {
  const content = await readWholePiece(files, from, piece);
  const header = headerWithoutTrims(content);
  if (header === undefined) throw damaged(join(from, piece.name), 0);
  const file = await createFile(files, join(to, piece.name));
  try {
    await file.write(header);
    await file.write(content.subarray(header.length));
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.end();
}

async function copyFile(
  { from, to, files }: Pick<RestoreOptions, "from" | "to" | "files">,
  piece: Piece,
): Promise<void> {
  const file = await createFile(files, join(to, piece.name));
  try {
    await readPiece(files, from, piece, (block) => file.write(block));
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.end();
}

/** Those of the archive are newer: keys that were made since, without those that were destroyed. */
async function copyArchivedKeys(files: BackupFiles, archive: string, to: string): Promise<void> {
  const archived = await files.filesBelow(join(archive, KEYS_FOLDER));
  if (archived.length === 0) return;
  for (const name of await files.filesBelow(join(to, KEYS_FOLDER)))
    await files.remove(join(to, KEYS_FOLDER, name));
  for (const name of archived) {
    const path = join(to, KEYS_FOLDER, name);
    await files.openDirectory(dirname(path));
    await writeWhole(files, path, (await findContent(files, join(archive, KEYS_FOLDER, name)))!);
  }
}

/** Errors: "restore-unfinished", "restore-target-not-empty". */
async function requireEmpty(files: BackupFiles, directory: string): Promise<void> {
  const names = (await files.openDirectory(directory)).filter((name) => !IGNORED.test(name));
  if (names.length === 0) return;
  const isFinished = (await findContent(files, join(directory, FORMAT_FILE))) !== undefined;
  if (names.includes(RESTORE_FILE) && !isFinished) {
    throw new Failure(
      "restore-unfinished",
      `A restore into ${directory} was not finished: remove the directory and restore again.`,
      { retry: "after-change" },
    );
  }
  throw new Failure("restore-target-not-empty", `${directory} is not empty: name another directory.`, {
    retry: "after-change",
  });
}
