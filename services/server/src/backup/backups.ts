/** Backups that the process takes of the installation that it holds: one at a time, in the background. */
import {
  type BackupFiles,
  type BackupProgress,
  type BackupSource,
  openDirectorySink,
  takeBackup,
} from "@parley/backup";
import { type Ambient, Failure, failureCode, messageOf } from "@parley/base";

/** What became of the newest backup. In values that survive JSON. */
export interface BackupStatus {
  readonly state: "none" | "running" | "done" | "failed";
  readonly directory: string;
  readonly bytes: number;
  readonly rows: number;
  readonly durationMs: number;
  /** Of one that is done: its name, and the moment that it is of. */
  readonly id: string;
  readonly createdMs: number;
  /** Of one that failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

const NONE: BackupStatus = {
  state: "none",
  directory: "",
  bytes: 0,
  rows: 0,
  durationMs: 0,
  id: "",
  createdMs: 0,
  error: null,
};

export class Backups {
  readonly #source: BackupSource;
  readonly #files: BackupFiles;
  readonly #ambient: Ambient;
  #status = NONE;
  #running: Promise<void> | undefined;
  #isCancelled = false;

  constructor(source: BackupSource, files: BackupFiles, ambient: Ambient) {
    this.#source = source;
    this.#files = files;
    this.#ambient = ambient;
  }

  get status(): BackupStatus {
    return this.#status;
  }

  /**
   * Begins a backup into an empty directory; `status` tells how it goes.
   * Errors: "backup-busy" while one runs, "backup-target-not-empty", "backup-target-unusable".
   */
  async start(directory: string, bytesPerSecond: number): Promise<void> {
    if (this.#running !== undefined) {
      throw new Failure("backup-busy", `A backup into ${this.#status.directory} is under way: wait for it.`, {
        retry: "same",
      });
    }
    const { clock, logger } = this.#ambient;
    const startedMs = clock.monotonicMs();
    this.#isCancelled = false;
    const opening = this.#open(directory);
    // Taken before anything is waited for, so that there is never a second one.
    this.#running = opening.then(
      async (sink) => {
        const onProgress = (progress: BackupProgress): void => {
          this.#status = { ...this.#status, ...progress, durationMs: clock.monotonicMs() - startedMs };
        };
        try {
          const manifest = await takeBackup(this.#source, sink, {
            ambient: this.#ambient,
            bytesPerSecond,
            onProgress,
            isCancelled: () => this.#isCancelled,
          });
          const { id, createdMs } = manifest;
          this.#status = { ...this.#status, state: "done", id, createdMs };
          logger.info("backup-taken", { directory, id, bytes: this.#status.bytes });
        } catch (error) {
          await sink.abandon();
          const code = failureCode(error) ?? "backup-failed";
          this.#status = { ...this.#status, state: "failed", error: { code, message: messageOf(error) } };
          logger.error("backup-failed", { directory, code, error: messageOf(error) });
        } finally {
          this.#running = undefined;
        }
      },
      () => {
        this.#running = undefined;
      },
    );
    await opening;
  }

  /** Ends the backup that runs, and waits for its end. Idempotent. */
  async stop(): Promise<void> {
    this.#isCancelled = true;
    await this.#running;
  }

  async #open(directory: string): ReturnType<typeof openDirectorySink> {
    try {
      const sink = await openDirectorySink(this.#files, directory);
      this.#status = { ...NONE, state: "running", directory };
      return sink;
    } catch (error) {
      if (failureCode(error) !== undefined) throw error;
      const message = `${directory} cannot be used for a backup: ${messageOf(error)}.`;
      throw new Failure("backup-target-unusable", message, { retry: "after-change", cause: error });
    }
  }
}
