import { Failure } from "@parley/base";

/**
 * What the author of a record is told when its append failed, in the codes that clients know: definite refusals as such,
 * everything else as unknown.
 */
export function appendFailure(error: unknown): Failure {
  const code = (error as { code?: unknown }).code;
  if (code === "log-full") {
    return new Failure("storage-full", "The server's disk is nearly full.", {
      retry: "same",
      retryAfterMs: 5000,
      cause: error,
    });
  }
  if (code === "log-record-too-large") {
    return new Failure("message-too-large", "The record passes the log's limit.", {
      retry: "after-change",
      cause: error,
    });
  }
  if (code === "log-busy" || code === "log-closed") {
    return new Failure("unavailable", "The server cannot take this now.", {
      retry: "same",
      retryAfterMs: 500,
      cause: error,
    });
  }
  return new Failure("outcome-unknown", "The log failed; whether the record survives is not known.", {
    retry: "same",
    cause: error,
  });
}
