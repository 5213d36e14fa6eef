/** Code that is fetched: once, in the order that it is waited for, and again after a failure. */
import { Failure, type Scheduler, type Timer } from "@parley/base";
import { CODE_FETCH_MS_MAX } from "./limits.js";

/** What fetching depends on. */
export interface FetchingWorld {
  readonly scheduler: Scheduler;
  /** False when it is known that there is no network. */
  readonly isOnline: () => boolean;
}

/**
 * Loads code with `fetchCode` when it is first called. All wait for the same promise, so they go on in the order they came.
 * Errors: "unavailable" without a network, when it fails, and after CODE_FETCH_MS_MAX; the next call tries again.
 */
export function late<T>(world: FetchingWorld, fetchCode: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= fetchWithin(world, fetchCode).catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}

async function fetchWithin<T>(
  { scheduler, isOnline }: FetchingWorld,
  fetchCode: () => Promise<T>,
): Promise<T> {
  // Some browsers remember of a file that it could not be fetched, until the page is loaded anew: better not to ask for it.
  if (!isOnline()) throw notFetched();
  let timer: Timer | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = scheduler.after(CODE_FETCH_MS_MAX, () => reject(new Error("It took too long.")));
  });
  try {
    return await Promise.race([fetchCode(), tooLate]);
  } catch (cause) {
    throw notFetched(cause);
  } finally {
    timer?.cancel();
  }
}

function notFetched(cause?: unknown): Failure {
  const message = "A part of the client could not be fetched: try again, or load the page anew.";
  return new Failure("unavailable", message, { retry: "same", cause });
}
