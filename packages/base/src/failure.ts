/**
 * Expected failures. A bug is an AssertionFailure and ends the process; everything the world may do to us is a Failure
 * with a stable code, and callers test `code`, never the class or the text.
 */

/** Whether trying again can help: never, with the same request, or after the caller changed something. */
export type Retry = "never" | "same" | "after-change";

export interface FailureOptions {
  readonly retry?: Retry;
  /** When to come back, for a retry of "same". */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Small machine-readable facts, such as the limit that was passed. */
  readonly details?: Readonly<Record<string, string | number>>;
}

export class Failure extends Error {
  readonly code: string;
  readonly retry: Retry;
  readonly retryAfterMs: number;
  readonly details: Readonly<Record<string, string | number>>;

  /** `code` is kebab-case and listed in `packages/protocol/src/error-codes.ts` when it can reach a client. */
  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.retry = options.retry ?? "never";
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.details = options.details ?? {};
  }
}

/** The code of a Failure, from any copy of this package; undefined for anything else. */
export function failureCode(error: unknown): string | undefined {
  if (error instanceof Error && error.name === "Failure") {
    const code: unknown = (error as { code?: unknown }).code;
    return typeof code === "string" ? code : undefined;
  }
  return undefined;
}

/** The message of anything thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Causes of causes that `reasonOf` still names. */
const CAUSES_MAX = 5;

/** The message of anything thrown and of what caused it, for the log line that an operator has to act on. */
export function reasonOf(error: unknown): string {
  const messages: string[] = [];
  let current = error;
  while (current !== undefined && messages.length < CAUSES_MAX) {
    messages.push(messageOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join(" Cause: ");
}
