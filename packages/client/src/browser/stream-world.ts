/** HTTP streams over the browser's `fetch`. */
import type { StreamAnswer, StreamCall, StreamWorld } from "../common/stream-transport.js";

const STATUS_OK = 200;

/** The browser's `fetch`, for streams where WebSockets are blocked. */
export const browserStreamWorld: StreamWorld = {
  open(url, answer) {
    const abort = new AbortController();
    void bring(url, abort.signal, answer);
    return { cancel: () => abort.abort() };
  },
  send({ method, url, body }, onStatus): StreamCall {
    const abort = new AbortController();
    const { signal } = abort;
    const init = {
      method,
      signal,
      ...requestOptions,
      ...(body === undefined ? {} : { body: body as BodyInit }),
    };
    // A request that was ended has no status to tell.
    fetch(url, init).then(
      ({ status }) => signal.aborted || onStatus(status),
      () => signal.aborted || onStatus(0),
    );
    return { cancel: () => abort.abort() };
  },
  onOffline(task) {
    addEventListener("offline", task);
    return () => removeEventListener("offline", task);
  },
};

const requestOptions = { cache: "no-store", credentials: "omit", redirect: "error" } as const;

async function bring(url: string, signal: AbortSignal, answer: StreamAnswer): Promise<void> {
  try {
    const response = await fetch(url, { method: "POST", signal, ...requestOptions });
    if (response.status === STATUS_OK && response.body !== null) await read(response.body, signal, answer);
  } catch (error) {
    // The network's failures are TypeErrors, also in the middle of an answer; an end of ours is an AbortError.
    if (!signal.aborted && !(error instanceof TypeError)) throw error;
  }
  if (!signal.aborted) answer.onEnd();
}

async function read(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  answer: StreamAnswer,
): Promise<void> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    answer.onPiece(value);
  }
}
