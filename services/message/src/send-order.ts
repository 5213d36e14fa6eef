/**
 * Keeps the order of a device's sends to a conversation while one of them has to wait for something before it is appended. Where
 * nothing waits there is nothing to ask: `isWaiting` is false and the send goes its way at once.
 *
 *   calls     1 (reads) ─ 2 ─ 3 (reads)        prepared side by side, submitted 1, 2, 3; no turn waits for a verdict
 */
import { Failure } from "@parley/base";

/** Sends of one device to one conversation that wait at a time. */
export const SENDS_WAITING_MAX = 32;

interface Line {
  /** Ends, and never fails, when the last one in the line was submitted. */
  tail: Promise<void>;
  count: number;
}

export class SendOrder {
  readonly #lines = new Map<string, Line>();

  /** Whether a send under this name waits, so that the next one has to wait behind it. */
  isWaiting(name: string): boolean {
    return this.#lines.size > 0 && this.#lines.has(name);
  }

  /**
   * Prepares at once, and submits what was prepared after all that were called before under this name. `submit` appends before it
   * first waits. Errors: what `prepare` or `submit` fail with; "too-many-requests" beyond SENDS_WAITING_MAX.
   */
  async run<P, R>(name: string, prepare: () => Promise<P>, submit: (prepared: P) => Promise<R>): Promise<R> {
    const line = this.#lines.get(name) ?? { tail: Promise.resolve(), count: 0 };
    if (line.count >= SENDS_WAITING_MAX) {
      throw new Failure("too-many-requests", "Too many sends wait for the ones before them.", {
        retry: "same",
        retryAfterMs: 500,
      });
    }
    this.#lines.set(name, line);
    line.count += 1;
    const before = line.tail;
    const prepared = settledOf(prepare());
    let submitted: Promise<R> | undefined;
    const turn = before.then(async () => {
      const outcome = await prepared;
      if (outcome.isDone) submitted = submit(outcome.value);
      else throw outcome.error;
    });
    line.tail = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      line.count -= 1;
      if (line.count === 0) this.#lines.delete(name);
    }
    return submitted!;
  }
}

type Settled<P> =
  | { readonly isDone: true; readonly value: P }
  | { readonly isDone: false; readonly error: unknown };

/** An outcome that waits for its turn is nobody's unhandled failure. */
function settledOf<P>(promise: Promise<P>): Promise<Settled<P>> {
  return promise.then(
    (value) => ({ isDone: true, value }),
    (error: unknown) => ({ isDone: false, error }),
  );
}
