/** Those who wait until there is nothing left to do. */
import { Failure, type Scheduler, type Timer } from "@parley/base";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Failure) => void;
  readonly timer: Timer;
}

export class Settling {
  readonly #scheduler: Scheduler;
  readonly #isSettled: () => boolean;
  readonly #waiters = new Set<Waiter>();
  #isCheckPlanned = false;

  constructor(scheduler: Scheduler, isSettled: () => boolean) {
    this.#scheduler = scheduler;
    this.#isSettled = isSettled;
  }

  /** Resolves as soon as it is settled. Errors: "unavailable" after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#isSettled()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = this.#scheduler.after(timeoutMs, () => {
        this.#waiters.delete(waiter);
        reject(new Failure("unavailable", "The client did not settle in time.", { retry: "same" }));
      });
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Something changed that may settle it. Looks after this turn, when its consequences have been drawn. */
  check(): void {
    if (this.#waiters.size === 0 || this.#isCheckPlanned) return;
    this.#isCheckPlanned = true;
    this.#scheduler.soon(() => {
      this.#isCheckPlanned = false;
      if (!this.#isSettled()) return;
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const waiter of waiters) {
        waiter.timer.cancel();
        waiter.resolve();
      }
    });
  }

  /** The client stops. */
  stop(): void {
    for (const waiter of this.#waiters) {
      waiter.timer.cancel();
      waiter.reject(new Failure("unavailable", "The client was stopped.", { retry: "after-change" }));
    }
    this.#waiters.clear();
  }
}
