/**
 * Keeps a copy of every segment of the journal, so that a backup can be brought forward to any moment after it.
 *
 *   <archive>/<timeline>/archive.json          which installation it is of
 *   <archive>/<timeline>/journal/<number>.seg  segments that are complete
 *   <archive>/<timeline>/keys/…                the wrapped keys as they are now: a key that is destroyed is destroyed here too
 *
 *   A1  A segment is removed from the journal only when its copy is durable and has been read back.
 *   A2  A copy gets its name when it is whole, and the keys that it needs are there before it.
 *   A3  The active segment is completed after `intervalMs`, so that no more than this is missing from the archive.
 *
 * An archive that cannot be written keeps the journal from being trimmed. That is reported and tried again; a disk that
 * fills up in this way refuses new messages before it is full, as always.
 */
import { type Ambient, Failure, type Timer, failureCode, messageOf } from "@parley/base";
import { type JournalFiles, type SegmentHold, checkSegment, segmentPath } from "@parley/engine-embedded";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type BackupFiles, findContent, writeWhole } from "./backup-files.js";
import type { Identity } from "./manifest.js";
import { keysAmong, readStable } from "./stable-files.js";

const POLL_MS = 1_000;
/** After a failure. */
const RETRY_MS = 10_000;
const CHUNK_BYTES = 1024 * 1024;
const ARCHIVE_FILE = "archive.json";

export interface ArchiverOptions {
  /** The archive; directories in it are created. */
  readonly archive: string;
  /** The data directory, for its keys. */
  readonly directory: string;
  readonly identity: Identity;
  readonly journal: JournalFiles;
  readonly files: BackupFiles;
  readonly ambient: Ambient;
  readonly intervalMs: number;
}

/** How the archive stands. In values that survive JSON. */
export interface ArchiveStatus {
  readonly archive: string;
  /** Of the journal, complete and not archived yet. */
  readonly waitingSegments: number;
  readonly archivedSegments: number;
  /** When everything that was complete had been archived; 0 before the first time. */
  readonly currentMs: number;
  /** Why it does not go on; empty when it does. */
  readonly problem: string;
}

/** The directory of a timeline in an archive. */
export function timelineDirectory(archive: string, timeline: string): string {
  return join(archive, timeline);
}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #directory: string;
  readonly #hold: SegmentHold;
  readonly #timer: Timer;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #rolledMs: number;
  #notBeforeMs = 0;
  #keys: string | undefined;
  #status: ArchiveStatus;

  /** Begins with what the journal holds now. */
  static async start(options: ArchiverOptions): Promise<Archiver> {
    return new Archiver(options, await options.journal.hold());
  }

  private constructor(options: ArchiverOptions, hold: SegmentHold) {
    this.#options = options;
    this.#directory = timelineDirectory(options.archive, options.identity.timeline);
    this.#hold = hold;
    this.#rolledMs = options.ambient.clock.monotonicMs();
    this.#status = {
      archive: options.archive,
      waitingSegments: 0,
      archivedSegments: 0,
      currentMs: 0,
      problem: "",
    };
    this.#timer = options.ambient.scheduler.every(POLL_MS, () => this.#look());
  }

  get status(): ArchiveStatus {
    return this.#status;
  }

  /** Archives everything there is, the active segment included. Errors: why it could not. */
  async archiveAll(): Promise<void> {
    while (this.#isRunning) await this.#running;
    this.#isRunning = true;
    const archiving = this.#archive(true).finally(() => {
      this.#isRunning = false;
    });
    // Whoever waits for the turn is not told: the failure is the caller's.
    this.#running = archiving.catch(() => undefined);
    await archiving;
  }

  /** Archives what there is if it can. What it could not stays held for as long as the journal is open. Idempotent. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    await this.archiveAll().catch((error: unknown) => this.#failed(error));
  }

  #look(): void {
    const nowMs = this.#options.ambient.clock.monotonicMs();
    if (this.#isRunning || nowMs < this.#notBeforeMs) return;
    this.#isRunning = true;
    this.#running = this.#archive(nowMs - this.#rolledMs >= this.#options.intervalMs)
      .catch((error: unknown) => {
        this.#notBeforeMs = nowMs + RETRY_MS;
        this.#failed(error);
      })
      .finally(() => {
        this.#isRunning = false;
      });
  }

  #failed(error: unknown): void {
    const problem = messageOf(error);
    if (problem !== this.#status.problem) {
      const { logger } = this.#options.ambient;
      logger.error("archive-failed", { code: failureCode(error) ?? "unexpected", error: problem });
    }
    this.#status = { ...this.#status, problem };
  }

  async #archive(rolls: boolean): Promise<void> {
    const { journal, ambient } = this.#options;
    if (rolls) {
      await journal.roll();
      this.#rolledMs = ambient.clock.monotonicMs();
    }
    const nowMs = ambient.clock.nowMs();
    const { segment: active } = journal.durableEnd();
    const complete = (await journal.list()).filter(
      ({ segment }) => segment >= this.#hold.segment && segment < active,
    );
    let waitingSegments = complete.length;
    this.#status = { ...this.#status, waitingSegments };
    for (const { segment, bytes } of complete) {
      await this.#archiveSegment(segment, bytes);
      this.#hold.moveTo(segment + 1);
      waitingSegments -= 1;
      const archivedSegments = this.#status.archivedSegments + 1;
      this.#status = { ...this.#status, waitingSegments, archivedSegments };
    }
    this.#status = { ...this.#status, currentMs: nowMs, problem: "" };
  }

  async #archiveSegment(segment: number, bytes: number): Promise<void> {
    const { files } = this.#options;
    const folder = join(this.#directory, "journal");
    const path = segmentPath(folder, segment);
    const names = await files.openDirectory(folder);
    await this.#copyIdentity();
    const content = await this.#read(segment, bytes);
    if (names.includes(path.slice(folder.length + 1))) {
      await requireSame(files, path, content);
      return;
    }
    await this.#copyKeys();
    await writeWhole(files, path, content, async (draft) => {
      const written = await findContent(files, draft);
      if (written === undefined || crc32(written) !== crc32(content)) throw unreadable(path);
      checkSegment(written, { path: draft, segment, isLast: false });
    });
  }

  async #read(segment: number, bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes;) {
      const chunk = await this.#options.journal.read(segment, at, Math.min(CHUNK_BYTES, bytes - at));
      if (chunk.length === 0) throw new Failure("log-corrupt", `Segment ${segment} ends before its end.`);
      chunks.push(chunk);
      at += chunk.length;
    }
    return Buffer.concat(chunks);
  }

  async #copyIdentity(): Promise<void> {
    const { files, identity } = this.#options;
    const path = join(this.#directory, ARCHIVE_FILE);
    if ((await findContent(files, path)) !== undefined) return;
    const { installation, timeline } = identity;
    await writeWhole(files, path, Buffer.from(`${JSON.stringify({ installation, timeline })}\n`, "utf8"));
  }

  async #copyKeys(): Promise<void> {
    const { files, directory, ambient } = this.#options;
    const keys = keysAmong(await readStable(files, directory, ambient.scheduler));
    const print = keys.map(({ name, content }) => `${name} ${crc32(content)}`).join("\n");
    if (print === this.#keys) return;
    const known = await files.filesBelow(join(this.#directory, "keys"));
    for (const { name, content } of keys) {
      const path = join(this.#directory, name);
      await files.openDirectory(join(path, ".."));
      await writeWhole(files, path, content);
    }
    for (const name of known) {
      const isKept = keys.some((key) => key.name === `keys/${name}`);
      if (!isKept) await files.remove(join(this.#directory, "keys", name));
    }
    this.#keys = print;
  }
}

async function requireSame(files: BackupFiles, path: string, content: Buffer): Promise<void> {
  const archived = await findContent(files, path);
  if (archived?.equals(content) === true) return;
  throw new Failure(
    "archive-conflict",
    `${path} is another segment than the journal's: move it away, or archive into another directory.`,
    { retry: "after-change" },
  );
}

function unreadable(path: string): Failure {
  return new Failure("archive-unreadable", `${path} reads back as something else: check the archive's disk.`);
}
