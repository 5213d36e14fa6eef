/**
 * Takes a backup of an installation while it is written to.
 *
 *   1. hold the segments of the journal      nothing that the rows need is removed any more
 *      and the files of the cold store,      nor those that rows of the snapshot lead to
 *      and of messages
 *   2. snapshot of all rows                  what they contain is in the journal, durably
 *   3. the durable end of the journal        between two commits: what a crash at this moment would have left
 *   4. copy the segments up to there         then the hold is released, and trimming goes on
 *   5. copy rows, files of the cold store and of messages, keys
 *   6. manifest                              before it there is no backup
 *
 * Restored, this is an installation that crashed at step 3: rows behind the journal, replayed by its first start. Keys come
 * last: they are durable before they are used, so all that rows and journal need are there, and none that was destroyed
 * meanwhile.
 */
import { type Ambient, Failure } from "@parley/base";
import {
  type JournalFiles,
  type SegmentHold,
  type StoredRow,
  type StoredRows,
  segmentPath,
} from "@parley/engine-embedded";
import { basename, join } from "node:path";
import { type BackupFiles, type ReadableFile, isMissing } from "./backup-files.js";
import { BACKUP_FORMAT, type Identity, type Manifest, type Piece } from "./manifest.js";
import { PieceDigest } from "./piece-digest.js";
import { ROWS_MAGIC, encodePage } from "./row-pages.js";
import { readStable } from "./stable-files.js";
import { type Throttle, createThrottle } from "./throttle.js";

const PRODUCT = "parley 0.1.0";
const CHUNK_BYTES = 256 * 1024;
/** A file of rows is ended when it is this large. */
const ROWS_FILE_BYTES = 64 * 1024 * 1024;
const ID_BYTES = 16;
export const COLD_FOLDER = "cold";
/** Files of messages: written once, as those of the cold store. */
const MEDIA_FOLDER = "media";

export interface BackupSource {
  readonly identity: Identity;
  /** The data directory, for what is copied as files: the format, keys, the cold store. */
  readonly directory: string;
  readonly files: BackupFiles;
  readonly journal: JournalFiles;
  snapshotRows(): StoredRows;
  /** Keeps the files of the cold store that rows lead to, until it is released. Without it nothing removes any. */
  holdCold?(): { release(): void };
  /** As `holdCold`, for the files of messages. */
  holdMedia?(): { release(): void };
}

/** Where a backup goes: pieces one after another, then the manifest. Errors end the backup. */
export interface BackupSink {
  begin(name: string): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  end(piece: Piece): Promise<void>;
  /** Makes it a backup. */
  finish(manifest: Manifest): Promise<void>;
}

export interface BackupProgress {
  readonly bytes: number;
  readonly rows: number;
}

export interface BackupOptions {
  readonly ambient: Pick<Ambient, "clock" | "random" | "scheduler">;
  /** 0 for no limit. */
  readonly bytesPerSecond: number;
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Asked between chunks; true ends the backup with "backup-cancelled". */
  readonly isCancelled?: () => boolean;
  /** Rows in a file, in bytes. Default 64 MiB. */
  readonly rowsFileBytes?: number;
}

/** Errors: "backup-cancelled", "backup-source-changing", those of the source and the sink. */
export async function takeBackup(
  source: BackupSource,
  sink: BackupSink,
  options: BackupOptions,
): Promise<Manifest> {
  const { clock, random } = options.ambient;
  const copy = new Copy(sink, options);
  const hold = await source.journal.hold();
  const holds = [source.holdCold?.(), source.holdMedia?.()];
  let rows: StoredRows | undefined;
  try {
    rows = source.snapshotRows();
    const createdMs = clock.nowMs();
    const { segment, bytes, commit, ends } = source.journal.durableEnd();
    await copySegments(source.journal, copy, hold, { segment, bytes });
    hold.release();
    const rowCount = await copyRows(rows, copy, options.rowsFileBytes ?? ROWS_FILE_BYTES);
    await copyFolder(source, copy, COLD_FOLDER);
    await copyFolder(source, copy, MEDIA_FOLDER);
    for (const { name, content } of await readStable(
      source.files,
      source.directory,
      options.ambient.scheduler,
    )) {
      await copy.whole(name, content);
    }
    const manifest: Manifest = {
      format: BACKUP_FORMAT,
      id: Buffer.from(random.bytes(ID_BYTES)).toString("hex"),
      createdMs,
      product: PRODUCT,
      ...source.identity,
      journal: { segment, bytes, commit, ends },
      rows: rowCount,
      pieces: copy.pieces,
    };
    await sink.finish(manifest);
    return manifest;
  } finally {
    hold.release();
    for (const each of holds) each?.release();
    await rows?.close();
  }
}

/** Pieces on their way into the sink. */
class Copy {
  readonly pieces: Piece[] = [];
  readonly #sink: BackupSink;
  readonly #options: BackupOptions;
  readonly #throttle: Throttle;
  #digest: PieceDigest | undefined;
  #bytes = 0;
  #rows = 0;

  constructor(sink: BackupSink, options: BackupOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#throttle = createThrottle(options.bytesPerSecond, options.ambient, () => this.#check());
  }

  async begin(name: string): Promise<void> {
    this.#digest = new PieceDigest(name);
    await this.#sink.begin(name);
  }

  async write(bytes: Uint8Array, rows = 0): Promise<void> {
    await this.#throttle.take(bytes.length);
    this.#digest!.update(bytes);
    await this.#sink.write(bytes);
    this.#bytes += bytes.length;
    this.#rows += rows;
    this.#options.onProgress?.({ bytes: this.#bytes, rows: this.#rows });
  }

  async end(): Promise<void> {
    const piece = this.#digest!.piece();
    await this.#sink.end(piece);
    this.pieces.push(piece);
  }

  async whole(name: string, content: Uint8Array): Promise<void> {
    await this.begin(name);
    await this.write(content);
    await this.end();
  }

  #check(): void {
    if (this.#options.isCancelled?.() === true) {
      throw new Failure("backup-cancelled", "The backup was cancelled; what there is of it is no backup.");
    }
  }
}

async function copySegments(
  journal: JournalFiles,
  copy: Copy,
  hold: SegmentHold,
  end: { readonly segment: number; readonly bytes: number },
): Promise<void> {
  for (const { segment, bytes } of await journal.list()) {
    if (segment < hold.segment || segment > end.segment) continue;
    const length = segment === end.segment ? end.bytes : bytes;
    await copy.begin(`journal/${basename(segmentPath("", segment))}`);
    for (let at = 0; at < length;) {
      const chunk = await journal.read(segment, at, Math.min(CHUNK_BYTES, length - at));
      if (chunk.length === 0) {
        throw new Failure(
          "log-corrupt",
          `Segment ${segment} of the journal ends at byte ${at} of ${length}.`,
        );
      }
      await copy.write(chunk);
      at += chunk.length;
    }
    await copy.end();
    hold.moveTo(segment + 1);
  }
}

async function copyRows(rows: StoredRows, copy: Copy, fileBytes: number): Promise<number> {
  let count = 0;
  let page: readonly StoredRow[] = await rows.next();
  for (let file = 1; file === 1 || page.length > 0; file++) {
    await copy.begin(`rows/${String(file).padStart(6, "0")}.rows`);
    await copy.write(ROWS_MAGIC);
    for (let bytes = 0; page.length > 0 && bytes < fileBytes; page = await rows.next()) {
      const encoded = encodePage(page);
      await copy.write(encoded, page.length);
      bytes += encoded.length;
      count += page.length;
    }
    await copy.end();
  }
  return count;
}

/** Files that are written once. One that is removed meanwhile is not missed: it held what was to be forgotten. */
async function copyFolder({ files, directory }: BackupSource, copy: Copy, folder: string): Promise<void> {
  for (const name of await files.filesBelow(join(directory, folder))) {
    const file = await files.openToRead(join(directory, folder, name)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (file !== undefined) await copyFile(file, copy, `${folder}/${name}`);
  }
}

async function copyFile(file: ReadableFile, copy: Copy, name: string): Promise<void> {
  try {
    await copy.begin(name);
    let at = 0;
    for (let chunk = await file.read(0, CHUNK_BYTES); chunk.length > 0;) {
      await copy.write(chunk);
      at += chunk.length;
      chunk = await file.read(at, CHUNK_BYTES);
    }
    await copy.end();
  } finally {
    await file.close();
  }
}
