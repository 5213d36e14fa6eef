/**
 * Code that a client does without until it is asked for something beside conversations, messages and sending. In a browser it is fetched
 * then; elsewhere it is there from the beginning, so that nothing waits for a file between two events.
 *
 * Errors of all: "unavailable" while it cannot be fetched; the next call tries again.
 */
import type * as Calls from "./late-calls.js";
import type * as Files from "./late-files.js";

/** Brings code: at once when it is there. */
export type Load<T> = () => T | Promise<T>;

/** How a client comes to its late code. */
export interface Loaders {
  readonly files: Load<typeof Files>;
  readonly calls: Load<typeof Calls>;
}
