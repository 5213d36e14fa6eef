/**
 * One download, in pieces: each is small enough to arrive in time over a slow line, so that the whole may be as long as it is.
 * What a media id stands for never changes, so pieces of it belong together.
 */
import { type Ambient, Failure } from "@parley/base";
import { failureOf, type Http, type HttpAnswer } from "./http.js";
import { DOWNLOAD_PIECE_BYTES, DOWNLOAD_PIECES_MAX, HTTP_TIMEOUT_MS } from "./limits.js";
import type { FetchedMedia, FetchMediaOptions } from "./media-api.js";

export interface DownloadParts {
  readonly http: Http;
  readonly url: string;
  readonly token: string;
  readonly ambient: Ambient;
}

/**
 * Reads a file. Errors: those of the server; "unavailable" when it cannot be reached; "download-cancelled". Cost: all of it in memory.
 */
export async function download(
  parts: DownloadParts,
  { onProgress, signal }: Pick<FetchMediaOptions, "onProgress" | "signal">,
): Promise<FetchedMedia> {
  let whole: Uint8Array | undefined;
  let start = 0;
  for (let count = 0; count < DOWNLOAD_PIECES_MAX; count++) {
    if (signal?.aborted === true) {
      throw new Failure("download-cancelled", "The download was cancelled.", { retry: "after-change" });
    }
    const { answer, bytes } = await piece(parts, start);
    const total = answer.status === 206 ? totalOf(answer) : bytes.length;
    whole ??= new Uint8Array(total);
    if (total !== whole.length || bytes.length === 0 || start + bytes.length > total) throw malformed();
    whole.set(bytes, start);
    start += bytes.length;
    onProgress?.({ receivedBytes: start, bytes: total });
    if (start === total) return { type: answer.header("content-type") ?? "", bytes: whole };
  }
  throw new Failure("media-too-large", "The file is too large for this client.", { retry: "never" });
}

async function piece(
  { http, url, token, ambient }: DownloadParts,
  start: number,
): Promise<{ readonly answer: HttpAnswer; readonly bytes: Uint8Array }> {
  const range = `bytes=${start}-${start + DOWNLOAD_PIECE_BYTES - 1}`;
  const call = http({ method: "GET", url, headers: { authorization: `Bearer ${token}`, range } });
  const timer = ambient.scheduler.after(HTTP_TIMEOUT_MS, () => call.cancel());
  try {
    const answer = await call.answer.catch(unreachable);
    if (answer.status !== 206 && (answer.status !== 200 || start > 0)) throw await failureOf(answer);
    return { answer, bytes: await answer.bytes().catch(unreachable) };
  } finally {
    timer.cancel();
  }
}

/** The length of the whole, from the answer with a part. Errors: "malformed". */
function totalOf(answer: HttpAnswer): number {
  const total = Number(/^bytes \d+-\d+\/(\d+)$/u.exec(answer.header("content-range") ?? "")?.[1]);
  if (!Number.isSafeInteger(total) || total > DOWNLOAD_PIECE_BYTES * DOWNLOAD_PIECES_MAX) throw malformed();
  return total;
}

function malformed(): Failure {
  return new Failure("malformed", "The answer to the download is none.");
}

function unreachable(cause: unknown): never {
  throw new Failure("unavailable", "The server cannot be reached.", { retry: "same", cause });
}
