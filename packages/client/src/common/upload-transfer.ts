/** The requests of one upload: where the server is, and what comes after that. The server's offset is the only truth. */
import { type Ambient, Failure } from "@parley/base";
import { type MediaId, parseMediaId } from "@parley/protocol";
import { failureOf, type Http, type HttpAnswer, type HttpCall, type HttpRequest } from "./http.js";
import { HTTP_TIMEOUT_MS } from "./limits.js";
import type { MediaFile, MediaInfo } from "./media-api.js";
import { parseObject } from "./problem.js";

const OFFSET = "upload-offset";
/** Until the server has said what it likes. */
const CHUNK_BYTES = 1024 * 1024;

export interface TransferOptions {
  readonly http: Http;
  /** Where requests begin, such as "https://chat.example.org". */
  readonly url: string;
  readonly token: string;
  readonly ambient: Ambient;
  readonly file: MediaFile;
  readonly bytes: number;
  /** The server has stored so much. */
  readonly onStored: (bytes: number) => void;
}

export class UploadTransfer {
  readonly #options: TransferOptions;
  #mediaId: MediaId | undefined;
  #chunkBytes = CHUNK_BYTES;
  #call: HttpCall | undefined;
  #isOver = false;

  constructor(options: TransferOptions, mediaId: MediaId | undefined) {
    this.#options = options;
    this.#mediaId = mediaId;
  }

  get mediaId(): MediaId | undefined {
    return this.#mediaId;
  }

  /** Goes on from where the server is. Errors: what the server refuses with; whatever is thrown when there was no answer. */
  async run(): Promise<MediaInfo> {
    const { file, bytes, onStored } = this.#options;
    let offset = this.#mediaId === undefined ? await this.#begin() : await this.#askOffset();
    onStored(offset);
    while (offset < bytes) {
      const end = Math.min(offset + this.#chunkBytes, bytes);
      const headers = { "content-type": "application/octet-stream", [OFFSET]: String(offset) };
      const body = await bytesOf(file, offset, end);
      const answer = await this.#ask({ method: "PATCH", path: `/${this.#mediaId!}`, headers, body });
      const next = offsetOf(answer);
      // A server that stores nothing of a chunk and says so would be asked for ever.
      if (next <= offset) throw new Failure("unavailable", "The server stores nothing.", { retry: "same" });
      offset = next;
      onStored(offset);
    }
    return infoOf(await (await this.#ask({ method: "POST", path: `/${this.#mediaId!}/complete` })).text());
  }

  /** Ends what is under way, which then throws. */
  end(): void {
    this.#isOver = true;
    this.#call?.cancel();
  }

  /** What is stored goes, if the server can be reached; in any case within a day. */
  remove(): void {
    if (this.#mediaId === undefined) return;
    const { http, url, token } = this.#options;
    const headers = { authorization: `Bearer ${token}` };
    http({ method: "DELETE", url: `${url}/v1/media/${this.#mediaId}`, headers }).answer.catch(
      () => undefined,
    );
  }

  async #begin(): Promise<number> {
    const { file, bytes } = this.#options;
    const { name, type = "", kind } = file;
    const what = { size: bytes, name, type, ...(kind === undefined ? {} : { kind }) };
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

  async #ask({
    path,
    headers = {},
    ...request
  }: Pick<HttpRequest, "method" | "body"> & {
    readonly path: string;
    readonly headers?: HttpRequest["headers"];
  }): Promise<HttpAnswer> {
    if (this.#isOver) throw new Failure("unavailable", "The upload was ended.", { retry: "same" });
    const { http, url, token, ambient } = this.#options;
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

function unknownMedia(): Failure {
  return new Failure("media-unknown", "The server does not have this upload any more: begin again.", {
    retry: "after-change",
  });
}

function malformed(): Failure {
  return new Failure("malformed", "The answer to the upload is none.");
}
