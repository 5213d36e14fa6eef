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
import { type MediaId, parseMediaId } from "@parley/protocol";
import { backoffMs } from "./backoff.js";
import { failureOf, type Http, type HttpAnswer, type HttpCall, type HttpRequest } from "./http.js";
import { HTTP_TIMEOUT_MS, UPLOAD_TRIES_MAX } from "./limits.js";
import type { MediaFile, MediaInfo, MediaUpload, UploadProgress, UploadState } from "./media-api.js";
import { parseObject } from "./problem.js";

const OFFSET = "upload-offset";
/** Until the server has said what it likes. */
const CHUNK_BYTES = 1024 * 1024;

export interface UploadParts {
  readonly http: Http;
  /** Where requests begin, such as "https://chat.example.org". */
  readonly url: string;
  readonly token: string;
  readonly ambient: Ambient;
}

export class Upload implements MediaUpload {
  readonly done: Promise<MediaInfo>;
  readonly #parts: UploadParts;
  readonly #file: MediaFile;
  readonly #listeners = new Set<(progress: UploadProgress) => void>();
  #mediaId: MediaId | undefined;
  #chunkBytes = CHUNK_BYTES;
  #progress: UploadProgress;
  /** Tries since the server has stored anything. */
  #tries = 0;
  #call: HttpCall | undefined;
  /** Ends a wait early. */
  #wake: (() => void) | undefined;
  #ending: Failure | undefined;

  constructor(parts: UploadParts, file: MediaFile, mediaId?: MediaId) {
    this.#parts = parts;
    this.#file = file;
    this.#mediaId = mediaId;
    this.#progress = { state: "uploading", sentBytes: 0, bytes: sizeOf(file) };
    this.done = this.#run();
    // An application that looks at the progress only is told there.
    this.done.catch(() => undefined);
  }

  get progress(): UploadProgress {
    return this.#progress;
  }

  get mediaId(): MediaId | undefined {
    return this.#mediaId;
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
    this.#call?.cancel();
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
          const isForNow = !(error instanceof Failure) || error.retry === "same" || error.code === OFFSET;
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
      if (isCancelled) this.#remove();
      this.#tell({ state: isCancelled ? "cancelled" : "failed" });
      throw error;
    }
  }

  /** Goes on from where the server is. */
  async #upload(): Promise<MediaInfo> {
    let offset = this.#mediaId === undefined ? await this.#begin() : await this.#askOffset();
    this.#note(offset);
    while (offset < this.#progress.bytes) {
      const end = Math.min(offset + this.#chunkBytes, this.#progress.bytes);
      const headers = { "content-type": "application/octet-stream", [OFFSET]: String(offset) };
      const body = await bytesOf(this.#file, offset, end);
      const answer = await this.#ask({ method: "PATCH", path: `/${this.#mediaId!}`, headers, body });
      const next = offsetOf(answer);
      // A server that stores nothing of a chunk and says so would be asked for ever.
      if (next <= offset) throw new Failure("unavailable", "The server stores nothing.", { retry: "same" });
      offset = next;
      this.#note(offset);
    }
    return infoOf(await (await this.#ask({ method: "POST", path: `/${this.#mediaId!}/complete` })).text());
  }

  async #begin(): Promise<number> {
    const { name, type = "", kind } = this.#file;
    const what = { size: this.#progress.bytes, name, type, ...(kind === undefined ? {} : { kind }) };
    const headers = { "content-type": "application/json" };
    const answer = await this.#ask({ method: "POST", path: "", headers, body: JSON.stringify(what) });
    const { mediaId, chunkBytes } = parseObject(await answer.text());
    if (typeof mediaId !== "string") throw malformed();
    this.#mediaId = parseMediaId(mediaId);
    if (typeof chunkBytes === "number" && chunkBytes > 0) this.#chunkBytes = chunkBytes;
    return 0;
  }

  async #askOffset(): Promise<number> {
    return offsetOf(await this.#ask({ method: "HEAD", path: `/${this.#mediaId!}` }));
  }

  /** Errors: what the server refuses with; whatever is thrown when there was no answer. */
  async #ask({
    path,
    headers = {},
    ...request
  }: Pick<HttpRequest, "method" | "body"> & {
    readonly path: string;
    readonly headers?: HttpRequest["headers"];
  }): Promise<HttpAnswer> {
    if (this.#ending !== undefined) throw this.#ending;
    const { http, url, token, ambient } = this.#parts;
    const authorization = `Bearer ${token}`;
    const call = http({ ...request, url: `${url}/v1/media${path}`, headers: { ...headers, authorization } });
    this.#call = call;
    const timer = ambient.scheduler.after(HTTP_TIMEOUT_MS, () => call.cancel());
    try {
      const answer = await call.answer;
      if (answer.status >= 200 && answer.status < 300) return answer;
      // The answer to HEAD has no body that would say why.
      if (request.method === "HEAD" && answer.status === 404) throw unknownMedia();
      throw await failureOf(answer);
    } finally {
      timer.cancel();
      this.#call = undefined;
    }
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

  /** What is stored goes, if the server can be reached; in any case within a day. */
  #remove(): void {
    if (this.#mediaId === undefined) return;
    const { http, url, token } = this.#parts;
    const headers = { authorization: `Bearer ${token}` };
    http({ method: "DELETE", url: `${url}/v1/media/${this.#mediaId}`, headers }).answer.catch(
      () => undefined,
    );
  }
}

function isOver(state: UploadState): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function sizeOf({ content }: MediaFile): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

async function bytesOf({ content }: MediaFile, start: number, end: number): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content.subarray(start, end);
  return new Uint8Array(await content.slice(start, end).arrayBuffer());
}

function offsetOf(answer: HttpAnswer): number {
  const offset = Number(answer.header(OFFSET) ?? Number.NaN);
  if (!Number.isSafeInteger(offset) || offset < 0) throw malformed();
  return offset;
}

function infoOf(text: string): MediaInfo {
  const { mediaId, kind, name, type, bytes, width, height, hasThumbnail } = parseObject(text);
  const isWhole =
    [mediaId, kind, name, type].every((each) => typeof each === "string") &&
    [bytes, width, height].every((each) => Number.isSafeInteger(each));
  if (!isWhole) throw malformed();
  return {
    mediaId,
    kind,
    name,
    type,
    bytes,
    width,
    height,
    hasThumbnail: hasThumbnail === true,
  } as MediaInfo;
}

function retryAfterMs(error: unknown): number {
  return error instanceof Failure ? error.retryAfterMs : 0;
}

function unknownMedia(): Failure {
  return new Failure("media-unknown", "The server does not have this upload any more: begin again.", {
    retry: "after-change",
  });
}

function malformed(): Failure {
  return new Failure("malformed", "The answer to the upload is none.");
}
