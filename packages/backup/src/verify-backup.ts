/** Reads every byte of a backup: checksums of pieces, of rows, of the records of the journal. */
import { Failure, failureCode } from "@parley/base";
import { type CheckedSegment, checkSegment, isSoundRow } from "@parley/engine-embedded";
import { join } from "node:path";
import { type BackupFiles, findContent } from "./backup-files.js";
import { MANIFEST_FILE, type Manifest, type Piece, damaged, decodeManifest } from "./manifest.js";
import { readPiece, readWholePiece } from "./piece-reading.js";
import { PageReader } from "./row-pages.js";

/** More are not looked for. */
const DAMAGES_MAX = 100;
const CORRUPT = new Set(["backup-damaged", "log-corrupt"]);

/** What is wrong in a file of a backup. */
export interface Damage {
  readonly file: string;
  readonly offset: number;
}

export interface VerifiedBackup {
  readonly manifest: Manifest;
  readonly rows: number;
  readonly records: number;
  /** The first of each piece; none when the backup is whole. */
  readonly damages: readonly Damage[];
}

/** Errors: "backup-missing" (a directory without a manifest), "backup-damaged" (of the manifest), "backup-newer". */
export async function readManifest(files: BackupFiles, directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST_FILE);
  const content = await findContent(files, path);
  if (content !== undefined) return decodeManifest(content, path);
  throw new Failure(
    "backup-missing",
    `There is no backup in ${directory}: it has no ${MANIFEST_FILE}, so it was not finished. Use another one.`,
    { retry: "after-change" },
  );
}

/** Errors: as `readManifest`; damage of pieces is returned. Cost: holds one segment of the journal in memory. */
export async function verifyBackup(
  files: BackupFiles,
  directory: string,
  onProgress: (share: number) => void = () => undefined,
): Promise<VerifiedBackup> {
  const manifest = await readManifest(files, directory);
  const total = manifest.pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  const journal = new JournalCheck(files, directory, manifest);
  const damages: Damage[] = [];
  let rows = 0;
  let done = 0;
  for (const piece of manifest.pieces) {
    if (damages.length >= DAMAGES_MAX) break;
    try {
      if (isRows(piece)) rows += await checkRows(files, directory, piece);
      else if (isSegment(piece)) await journal.check(piece);
      else await readPiece(files, directory, piece, () => undefined);
    } catch (error) {
      if (!CORRUPT.has(failureCode(error) ?? "")) throw error;
      const { path, position } = (error as Failure).details;
      damages.push({ file: String(path), offset: Number(position) });
    }
    done += piece.bytes;
    onProgress(total === 0 ? 1 : done / total);
  }
  if (damages.length === 0) {
    const isWhole = rows === manifest.rows && journal.isComplete;
    // Every piece is what the manifest says: the manifest itself names the wrong ones.
    if (!isWhole) damages.push({ file: join(directory, MANIFEST_FILE), offset: 0 });
  }
  return { manifest, rows, records: journal.records, damages };
}

/** As `verifyBackup`. Errors: also "backup-damaged", naming the first place. */
export async function requireSound(
  files: BackupFiles,
  directory: string,
  onProgress?: (share: number) => void,
): Promise<VerifiedBackup> {
  const verified = await verifyBackup(files, directory, onProgress);
  const [first] = verified.damages;
  if (first !== undefined) throw damaged(first.file, first.offset);
  return verified;
}

export function isRows({ name }: Piece): boolean {
  return name.startsWith("rows/");
}

export function isSegment({ name }: Piece): boolean {
  return name.startsWith("journal/");
}

export function segmentOf({ name }: Piece): number {
  return Number.parseInt(name.slice("journal/".length), 16);
}

/** The rows of a piece, all of them sound. Errors: "backup-damaged" with file and offset. */
export async function readRowPieces(
  files: BackupFiles,
  directory: string,
  piece: Piece,
  take: (page: Parameters<typeof isSoundRow>[0][]) => Promise<void> | void,
): Promise<void> {
  const path = join(directory, piece.name);
  const reader = new PageReader();
  await readPiece(files, directory, piece, async (block) => {
    const from = reader.position;
    const pages = reader.add(block);
    if (pages === undefined) throw damaged(path, reader.position);
    for (const page of pages) {
      if (!page.every(isSoundRow)) throw damaged(path, from);
      await take([...page]);
    }
  });
  if (!reader.isWhole) throw damaged(path, reader.position);
}

async function checkRows(files: BackupFiles, directory: string, piece: Piece): Promise<number> {
  let rows = 0;
  await readRowPieces(files, directory, piece, (page) => {
    rows += page.length;
  });
  return rows;
}

/** Checks the segments of a journal one after another, and that each goes on where the one before it ends. */
class JournalCheck {
  readonly #files: BackupFiles;
  readonly #directory: string;
  readonly #manifest: Manifest;
  #last: { readonly segment: number; readonly checked: CheckedSegment } | undefined;
  records = 0;

  constructor(files: BackupFiles, directory: string, manifest: Manifest) {
    this.#files = files;
    this.#directory = directory;
    this.#manifest = manifest;
  }

  /** The last segment ends where the manifest says. */
  get isComplete(): boolean {
    const { segment, bytes, commit, ends } = this.#manifest.journal;
    const last = this.#last;
    return (
      last?.segment === segment &&
      last.checked.end === bytes &&
      last.checked.commit === commit &&
      JSON.stringify(last.checked.ends) === JSON.stringify(ends)
    );
  }

  async check(piece: Piece): Promise<void> {
    const path = join(this.#directory, piece.name);
    const segment = segmentOf(piece);
    const before = this.#last;
    // Nothing is compared with a damaged one.
    this.#last = undefined;
    let checked: CheckedSegment | undefined;
    await readWholePiece(this.#files, this.#directory, piece, (content) => {
      checked = checkSegment(content, { path, segment, isLast: false });
    });
    if (checked === undefined || !follows(before, { segment, checked })) throw damaged(path, 0);
    this.#last = { segment, checked };
    this.records += checked.records;
  }
}

/** Whether a segment goes on where the one before it ends. */
export function follows(
  last: { readonly segment: number; readonly checked: CheckedSegment } | undefined,
  next: { readonly segment: number; readonly checked: CheckedSegment },
): boolean {
  if (last === undefined) return true;
  const { header } = next.checked;
  const begins = header.logs.map(({ partitions }) => partitions.map((partition) => partition.next));
  return (
    next.segment === last.segment + 1 &&
    header.commit === last.checked.commit &&
    JSON.stringify(begins) === JSON.stringify(last.checked.ends)
  );
}
