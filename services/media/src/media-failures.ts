import { Failure, failureCode } from "@parley/base";
import { ERROR_CODES, type ErrorCodeName } from "@parley/protocol";

/** A refusal with a code of the protocol. */
export function refusedMedia(
  code: ErrorCodeName,
  message: string,
  more: { readonly details?: Readonly<Record<string, number>>; readonly retryAfterMs?: number } = {},
): Failure {
  return new Failure(code, message, { retry: ERROR_CODES[code].retry, ...more });
}

export function unknownMedia(): Failure {
  return refusedMedia("media-unknown", "There is no such file, or it is not complete: upload it again.");
}

export function wrongOffset(offset: number): Failure {
  return refusedMedia("upload-offset", `The upload goes on from ${offset}.`, { details: { offset } });
}

/** What the store and the tables say, in the protocol's codes. */
export function asRefusal(error: unknown): unknown {
  const code = failureCode(error);
  if (code === "blob-full") {
    return new Failure("storage-full", "The server has no room for files now.", {
      retry: "same",
      cause: error,
    });
  }
  if (code === "blob-failed") {
    return new Failure("unavailable", "The file cannot be read or stored now.", {
      retry: "same",
      cause: error,
    });
  }
  if (code === "blob-destroyed") return unknownMedia();
  return error;
}
