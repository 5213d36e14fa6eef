import type { Clock, Scheduler } from "@parley/base";
import type { Pending } from "./pending.js";

/** Rows that are sent at a time, each to one target after the other: what is under way on any channel. */
export const IN_FLIGHT_MAX = 64;
/** Of what accounts say that talk to everybody, one goes out after so long: 50 a second, and only when nothing else waits. */
export const LOW_GAP_MS = 20;

/** Rows whose time has come: in their order, those of low priority last and spread over time. */
export class SendQueue {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #send: (pending: Pending) => Promise<void>;
  readonly #queue = new Set<Pending>();
  readonly #lowQueue = new Set<Pending>();
  readonly #working = new Set<Promise<void>>();
  #isStopped = false;
  #lowReadyMs = Number.NEGATIVE_INFINITY;
  #isLowTimed = false;

  /** `send` must not throw. */
  constructor(
    { clock, scheduler }: { readonly clock: Clock; readonly scheduler: Scheduler },
    send: (pending: Pending) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#send = send;
  }

  add(pending: Pending): void {
    pending.state = "queued";
    (pending.isLow ? this.#lowQueue : this.#queue).add(pending);
    this.#pump();
  }

  /** It is not to be sent any more. */
  remove(pending: Pending): void {
    this.#queue.delete(pending);
    this.#lowQueue.delete(pending);
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Waits for what is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#working);
  }

  #pump(): void {
    while (!this.#isStopped && this.#working.size < IN_FLIGHT_MAX) {
      const pending = this.#takeNext();
      if (pending === undefined) return;
      pending.state = "sending";
      const work: Promise<void> = this.#send(pending).finally(() => {
        this.#working.delete(work);
        this.#pump();
      });
      this.#working.add(work);
    }
  }

  #takeNext(): Pending | undefined {
    const [first] = this.#queue;
    if (first !== undefined) {
      this.#queue.delete(first);
      return first;
    }
    const [low] = this.#lowQueue;
    if (low === undefined) return undefined;
    const waitMs = this.#lowReadyMs - this.#clock.monotonicMs();
    if (waitMs > 0) {
      this.#pumpAfter(waitMs);
      return undefined;
    }
    this.#lowReadyMs = this.#clock.monotonicMs() + LOW_GAP_MS;
    this.#lowQueue.delete(low);
    return low;
  }

  #pumpAfter(waitMs: number): void {
    if (this.#isLowTimed) return;
    this.#isLowTimed = true;
    this.#scheduler.after(waitMs, () => {
      this.#isLowTimed = false;
      this.#pump();
    });
  }
}
