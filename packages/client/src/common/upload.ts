/**
 * One upload:
 *
 *   begin ─► ask how far ─► append … append ─► complete ─► done
 *              ▲                  │ no answer, busy, full
 *              └──── wait ◄───────┘        a refusal that stays ends it
 *
 *   1  The server's offset is the only truth: after every doubt it is asked for.
 *   2  Waits are backed off, and begin anew with every byte that the server has stored. UPLOAD_TRIES_MAX without any end it.
 *      A connection that is there again ends a wait.
 */
import { type Ambient, Failure, type Timer } from "@parley/base";
import type { MediaId } from "@parley/protocol";
import { backoffMs } from "./backoff.js";
import type { Http } from "./http.js";
import { UPLOAD_TRIES_MAX } from "./limits.js";
import type { Loaders } from "./loaders.js";
import type { MediaFile, MediaInfo, MediaUpload, UploadProgress, UploadState } from "./media-api.js";
import type { UploadTransfer } from "./upload-transfer.js";

export interface UploadParts {
  readonly http: Http;
  /** Where requests begin, such as "https://chat.example.org". */
  readonly url: string;
  readonly token: string;
  readonly ambient: Ambient;
  /** What it takes to talk to the server: to have it is the first step of each try. */
  readonly load: Loaders["files"];
}

export class Upload implements MediaUpload {
  readonly done: Promise<MediaInfo>;
  readonly #parts: UploadParts;
  readonly #file: MediaFile;
  readonly #listeners = new Set<(progress: UploadProgress) => void>();
  /** Of an upload of before, which is gone on with. */
  readonly #begunId: MediaId | undefined;
  #transfer: UploadTransfer | undefined;
  #progress: UploadProgress;
  /** Tries since the server has stored anything. */
  #tries = 0;
  /** Ends a wait early. */
  #wake: (() => void) | undefined;
  #ending: Failure | undefined;

  constructor(parts: UploadParts, file: MediaFile, mediaId?: MediaId) {
    this.#parts = parts;
    this.#file = file;
    this.#begunId = mediaId;
    this.#progress = { state: "uploading", sentBytes: 0, bytes: sizeOf(file) };
    this.done = this.#run();
    // An application that looks at the progress only is told there.
    this.done.catch(() => undefined);
  }

  get progress(): UploadProgress {
    return this.#progress;
  }

  get mediaId(): MediaId | undefined {
    return this.#transfer?.mediaId ?? this.#begunId;
  }

  onProgress(listener: (progress: UploadProgress) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  cancel(): void {
    this.#end(new Failure("upload-cancelled", "The upload was cancelled.", { retry: "after-change" }));
  }

  /** The client stops: what is stored stays, to be gone on with. */
  stop(): void {
    this.#end(new Failure("unavailable", "The client was stopped.", { retry: "after-change" }));
  }

  /** There is a connection again: what waits tries now. */
  wake(): void {
    this.#wake?.();
  }

  #end(failure: Failure): void {
    if (this.#ending !== undefined || isOver(this.#progress.state)) return;
    this.#ending = failure;
    this.#transfer?.end();
    this.#wake?.();
  }

  async #run(): Promise<MediaInfo> {
    try {
      for (;;) {
        try {
          const info = await this.#upload();
          this.#tell({ state: "done", sentBytes: this.#progress.bytes });
          return info;
        } catch (error) {
          if (this.#ending !== undefined) throw this.#ending;
          this.#tries += 1;
          const isForNow =
            !(error instanceof Failure) || error.retry === "same" || error.code === "upload-offset";
          if (!isForNow) throw error;
          if (this.#tries >= UPLOAD_TRIES_MAX) {
            throw new Failure("unavailable", "The upload makes no progress.", {
              retry: "same",
              cause: error,
            });
          }
          this.#tell({ state: "waiting" });
          await this.#wait(Math.max(backoffMs(this.#tries, this.#parts.ambient.random), retryAfterMs(error)));
          this.#tell({ state: "uploading" });
        }
      }
    } catch (error) {
      const isCancelled = error instanceof Failure && error.code === "upload-cancelled";
      if (isCancelled) this.#transfer?.remove();
      this.#tell({ state: isCancelled ? "cancelled" : "failed" });
      throw error;
    }
  }

  /** One try, with the code for it. */
  async #upload(): Promise<MediaInfo> {
    const { load, ...parts } = this.#parts;
    const { UploadTransfer } = await load();
    this.#transfer ??= new UploadTransfer(
      {
        ...parts,
        file: this.#file,
        bytes: this.#progress.bytes,
        onStored: (bytes) => this.#note(bytes),
      },
      this.#begunId,
    );
    // It was cancelled while the code was fetched.
    if (this.#ending !== undefined) throw this.#ending;
    return this.#transfer.run();
  }

  #note(offset: number): void {
    if (offset > this.#progress.sentBytes) this.#tries = 0;
    this.#tell({ sentBytes: Math.max(offset, this.#progress.sentBytes) });
  }

  #tell(change: Partial<UploadProgress>): void {
    this.#progress = { ...this.#progress, ...change };
    for (const listener of this.#listeners) listener(this.#progress);
  }

  async #wait(delayMs: number): Promise<void> {
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = this.#parts.ambient.scheduler.after(delayMs, resolve);
    });
    timer?.cancel();
    this.#wake = undefined;
    if (this.#ending !== undefined) throw this.#ending;
  }
}

function isOver(state: UploadState): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function sizeOf({ content }: MediaFile): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

function retryAfterMs(error: unknown): number {
  return error instanceof Failure ? error.retryAfterMs : 0;
}
